package config

import (
	"net"
	"regexp"
	"strings"
	"unicode"

	"jitbot/jit/text"
)

// literal is what is wrong with a text that is taken as it is written: nothing is
// replaced in it, so that what asks for that is a mistake, and a control character or
// one that nobody sees stands in no name, address or path. Empty: nothing.
func literal(s string) string {
	if at := regexp.MustCompile(`\$[{(][^})]*[})]?`).FindString(s); at != "" {
		return "holds " + at + ", and nothing is replaced here; write the value itself"
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		return "holds a control character; write it without"
	}
	if text.Clean(s) != strings.Join(strings.Fields(s), " ") {
		return "holds a letter that nobody sees; write it without"
	}
	return ""
}

// path is literal for the name of a file, which no shell has seen either.
func path(text string) string {
	if fault := literal(text); fault != "" {
		return fault
	}
	if strings.HasPrefix(text, "~") {
		return "begins with ~, which means nobody's home here; write the whole path"
	}
	if at := regexp.MustCompile(`^\$[A-Za-z_]+`).FindString(text); at != "" {
		return "holds " + at + ", and nothing is replaced here; write the whole path"
	}
	if strings.HasSuffix(text, "/") {
		return "names a folder; write the name of a file in it"
	}
	return ""
}

// ListensToOthers reports whether health and metrics answer whoever reaches the
// machine, not only who is on it.
func (c Config) ListensToOthers() bool {
	host, _, err := net.SplitHostPort(c.Listen)
	return err == nil && !onLoopback(host)
}
