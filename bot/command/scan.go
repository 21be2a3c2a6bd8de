package command

import (
	"strings"

	"jitbot/jit/reach"
)

// ScanFilter is what of a scan is shown. The button to its next page carries it
// as JSON.
type ScanFilter struct {
	Class  reach.Class `json:"c,omitempty"` // empty for all
	Text   string      `json:"t,omitempty"` // in the name, group or tags
	Offset int         `json:"o,omitempty"` // of those, how many came before
}

// scan reads the words after scan: a class, and what to search for.
func (r *reader) scan() Command {
	classes := map[string]reach.Class{
		"unhealthy": reach.ClassUnhealthy, "healthy": reach.ClassHealthy, "na": reach.ClassNotApplicable, "n/a": reach.ClassNotApplicable,
	}
	var c Command
	var text []string
	for _, t := range r.left() {
		if class, ok := classes[strings.ToLower(t.read)]; ok && c.Scan.Class == "" {
			c.Scan.Class = class
			continue
		}
		text = append(text, t.typed)
	}
	c.Scan.Text = searchText(strings.Join(text, " "))
	return c
}

// maxSearch is the most characters of what is searched for.
const maxSearch = 120

// searchText is what to search for, from what is left of a line.
func searchText(rest string) string {
	text := unquoted(rest)
	if r := []rune(text); len(r) > maxSearch {
		return string(r[:maxSearch-1]) + "…"
	}
	return text
}
