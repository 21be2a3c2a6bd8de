package config

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"jitbot/jit/parse"
	"jitbot/jit/schedule"
	"jitbot/jit/text"
)

// forms are the shapes of ids.
type forms struct{ user, person, group, channel, guid *regexp.Regexp }

func idForms() forms {
	return forms{
		user:    regexp.MustCompile(`^[UW][A-Z0-9]{2,20}$`),
		person:  regexp.MustCompile(`^[UWS][A-Z0-9]{2,20}$`),
		group:   regexp.MustCompile(`^S[A-Z0-9]{2,20}$`),
		channel: regexp.MustCompile(`^[CG][A-Z0-9]{2,20}$`), // old private channels begin with G
		guid:    regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`),
	}
}

// duration takes a length of time.
func (s *section) duration(key string, def, least, most time.Duration) time.Duration {
	n := s.take(key)
	if n == nil {
		return def
	}
	d, err := parse.Duration(n.Value)
	if err != nil && least < time.Second && strings.HasSuffix(n.Value, "ms") {
		d, err = time.ParseDuration(n.Value)
	}
	switch {
	case err != nil:
		s.fault(key, "%s is no duration; write one such as 90s, 45m, 2h or 1h30m", kind(n))
	case d < least:
		s.fault(key, "%s is too short; write %s or more", n.Value, short(least))
	case d > most:
		s.fault(key, "%s is too long; write %s or less", n.Value, short(most))
	default:
		return d
	}
	return def
}

// days takes a duration of whole days, such as 400d.
func (s *section) days(key string, def, least, most time.Duration) time.Duration {
	n := s.take(key)
	if n == nil {
		return def
	}
	digits, ok := strings.CutSuffix(n.Value, "d")
	count, err := strconv.ParseUint(digits, 10, 16)
	d := time.Duration(count) * day
	if !ok || err != nil || d < least || d > most || n.Kind != yaml.ScalarNode {
		s.fault(key, "%s is no number of days; write one from %s to %s, such as %s",
			kind(n), inDays(least), inDays(most), inDays(def))
		return def
	}
	return d
}

func inDays(d time.Duration) string { return strconv.Itoa(int(d/day)) + "d" }

// schedule takes when something comes again; empty is never.
func (s *section) schedule(key string) schedule.Schedule {
	text := s.text(key, "")
	if text == "" {
		return schedule.Schedule{}
	}
	at, ok := schedule.Parse(text)
	if !ok {
		s.fault(key, "%q is no time that comes again; write a weekday from Mon to Sun, or daily, and a time in UTC, such as \"Mon 09:00\"", text)
	}
	return at
}

func short(d time.Duration) string {
	if d < time.Second {
		return d.String()
	}
	return text.Duration(d)
}

// channel takes the id of a channel.
func (s *section) channel(key string) string {
	id := s.text(key, "")
	if s.values[key] != nil && id != "" && !idForms().channel.MatchString(id) {
		s.fault(key, "%q is no channel id; write the id that the channel's details in Slack show, such as C0123456789", id)
	}
	return id
}

// people takes user ids and user group ids, each once.
func (s *section) people(key string) []string {
	var out []string
	for _, w := range s.words(key) {
		switch {
		case !idForms().person.MatchString(w.text):
			s.add(w.line, w.path, "%q is no Slack id; write a user id (U… or W…) or a user group id (S…), such as U0123456789", w.text)
		case slices.Contains(out, w.text):
			s.add(w.line, w.path, "%q is here twice; keep one", w.text)
		default:
			out = append(out, w.text)
		}
	}
	return out
}

// actions takes Azure actions, each once.
func (s *section) actions(key string) []string {
	form := regexp.MustCompile(`^[A-Za-z0-9.*]+(/[A-Za-z0-9.*_-]+)+$`)
	var out []string
	for _, w := range s.words(key) {
		switch {
		case !form.MatchString(w.text):
			s.add(w.line, w.path, "%q is no Azure action; write one such as Microsoft.Compute/virtualMachines/read", w.text)
		case !slices.Contains(out, w.text):
			out = append(out, w.text)
		}
	}
	return out
}

// pattern takes what names are compared with. It knows * and ? only, and every
// other letter is itself; one of blanks fits nothing, and none is written as no
// line at all.
func (s *section) pattern(key string) string {
	text := s.text(key, "")
	if n := s.values[key]; n != nil && n.ShortTag() == "!!str" && strings.TrimSpace(text) == "" {
		s.fault(key, emptyInside, "a pattern such as web-*")
	}
	return text
}

const emptyInside = "is empty, and would match nothing or everything; write %s, or remove the line"

// refuseEmpty reports a list or mapping that has nothing in it.
func (s *section) refuseEmpty(key string) {
	if n := s.values[key]; n != nil && (n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode) && len(n.Content) == 0 {
		s.fault(key, emptyInside, "what is meant")
	}
}

// choice takes one of a few words, of which the first is the default.
func (s *section) choice(key string, words ...string) string {
	got := s.text(key, words[0])
	if slices.Contains(words, got) {
		return got
	}
	quoted := make([]string, 0, len(words))
	for _, w := range words {
		quoted = append(quoted, strconv.Quote(w))
	}
	s.fault(key, "%q is unknown; write %s", got, strings.Join(quoted, " or "))
	return words[0]
}

// https takes the address of a service. Tokens go there, so nothing else than
// https will do; with loopback, http to this machine as well.
func (s *section) https(key, def string, loopback bool) string {
	address := s.text(key, def)
	u, err := url.Parse(address)
	switch {
	case s.values[key] == nil || address == "" && s.lines[key] == 0:
		return address
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "":
		s.fault(key, "%q is no address of a service; write one such as https://example.com/", address)
	case u.Scheme == "https", u.Scheme == "http" && loopback && onLoopback(u.Hostname()):
	case loopback:
		s.fault(key, "%q is not safe for a token; write an https address (http is for loopback only)", address)
	default:
		s.fault(key, "%q is not safe for a token; write an https address", address)
	}
	return address
}

// webhook takes an address that may have a query; empty is off.
func (s *section) webhook(key string) string {
	address := s.text(key, "")
	u, err := url.Parse(address)
	switch {
	case address == "":
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Opaque != "":
		s.fault(key, "is no address of a service; write one such as https://example.com/hook") // which may be a secret
	case u.Scheme != "https" && (u.Scheme != "http" || !onLoopback(u.Hostname())):
		s.fault(key, "is not safe for what is told there; write an https address (http is for loopback only)")
	}
	return address
}

func onLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback() || host == "localhost"
}

// address takes host:port to listen on; empty is off.
func (s *section) address(key, def string) string {
	address := s.text(key, def)
	if address == "" {
		return ""
	}
	host, port, err := net.SplitHostPort(address)
	n, numErr := strconv.Atoi(port)
	if err != nil || numErr != nil || n < 0 || n > 65535 || strings.ContainsAny(host, " /") {
		s.fault(key, "%q is no address to listen on; write one such as 127.0.0.1:9090, or \"\" for none", address)
	}
	return address
}

// The rest are keys whose feature is not built yet: accepted only where they
// say what happens without it.

const notBuilt = "is not built yet; write %s, or remove the line"

func (s *section) onlyFalse(key string) {
	if s.flag(key) {
		s.fault(key, notBuilt, "false")
	}
}

func (s *section) onlyNoText(key string) {
	if got := s.text(key, ""); got != "" {
		s.fault(key, "%q "+notBuilt, got, `""`)
	}
}

func (s *section) onlyEmpty(key string) {
	if items := s.items(key); len(items) > 0 {
		s.fault(key, notBuilt, "[]")
	}
}
