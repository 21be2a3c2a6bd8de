package config

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"jitbot/jit/inventory"
)

// section is a mapping of the file. Its keys are taken one by one; what nobody
// has taken at the end is unknown. Every method reports what is wrong and goes
// on with the default, so that one reading finds every fault.
type section struct {
	*faults
	path   string
	line   int
	broken bool // no mapping: what is missing in it was said already
	values map[string]*yaml.Node
	lines  map[string]int
	order  []string
	known  []string
	write  map[string]string // of keys that must be there: what to write
}

// section reads a node that should be a mapping; nil is an empty one.
func (f *faults) section(n *yaml.Node, path string, line int) *section {
	s := &section{faults: f, path: path, line: line, values: map[string]*yaml.Node{}, lines: map[string]int{}, write: map[string]string{}}
	if n == nil {
		return s
	}
	s.line = n.Line
	if n.Kind != yaml.MappingNode {
		f.add(n.Line, path, "is %s; write keys and their values below it", kind(n))
		s.broken = true
		return s
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
			f.add(key.Line, path, "has a key that is %s; write a word", kind(key))
		case s.lines[key.Value] != 0:
			f.add(key.Line, s.at(key.Value), "is here twice, first on line %d; keep one of them", s.lines[key.Value])
		default:
			s.values[key.Value], s.lines[key.Value] = value, key.Line
			s.order = append(s.order, key.Value)
		}
	}
	return s
}

// at is the whole name of a key.
func (s *section) at(key string) string {
	if s.path == "" {
		return key
	}
	return s.path + "." + key
}

// lineOf is where the key is, or where it should be.
func (s *section) lineOf(key string) int {
	if line := s.lines[key]; line > 0 {
		return line
	}
	return s.line
}

// fault reports what is wrong with a key.
func (s *section) fault(key, format string, args ...any) {
	s.add(s.lineOf(key), s.at(key), format, args...)
}

// has reports whether the key is in the file.
func (s *section) has(key string) bool { return s.lines[key] > 0 }

// require reports a key that must be there and is not. It comes before the key is taken.
func (s *section) require(key, write string) {
	s.write[key] = write
	if !s.has(key) && !s.broken {
		s.fault(key, "is missing; write %s", write)
	}
}

// misspelt reports whether the key is not there and one that looks like it is, which
// close tells: what follows from its absence is no fault of its own.
func (s *section) misspelt(key string) bool {
	return !s.has(key) && slices.ContainsFunc(s.order, func(other string) bool {
		return inventory.Distance(strings.ToLower(other), key) <= 2
	})
}

// take gives a key's value, nil when there is none.
func (s *section) take(key string) *yaml.Node {
	s.known = append(s.known, key)
	n := s.values[key]
	switch {
	case n == nil:
		return nil
	case n.Kind == yaml.AliasNode:
		s.fault(key, "is an alias, and those are not followed; write the value itself")
		return nil
	case n.ShortTag() == "!!null" && s.write[key] != "":
		s.fault(key, "has no value; write %s", s.write[key])
		return nil
	case n.ShortTag() == "!!null":
		s.fault(key, "has no value; write one, or remove the line")
		return nil
	}
	return n
}

// close reports the keys that nobody took.
func (s *section) close() {
	for _, key := range s.order {
		if slices.Contains(s.known, key) {
			continue
		}
		if near, ok := nearest(key, s.known); ok {
			s.fault(key, "is no key here; did you mean %s?", near)
		} else {
			s.fault(key, "is no key here; known are %s", strings.Join(s.known, ", "))
		}
	}
}

// nearest is the word that looks most like the given one, if any does.
func nearest(word string, known []string) (string, bool) {
	best, least := "", 0
	for _, k := range known {
		if d := inventory.Distance(strings.ToLower(word), k); best == "" || d < least {
			best, least = k, d
		}
	}
	return best, best != "" && least <= max(2, len(best)/2)
}

// section takes a mapping.
func (s *section) section(key string) *section {
	return s.faults.section(s.take(key), s.at(key), s.lineOf(key))
}

// text takes words.
func (s *section) text(key, def string) string {
	n := s.take(key)
	if n == nil {
		return def
	}
	text, ok := s.scalar(n, s.at(key))
	if !ok {
		return def
	}
	return text
}

// scalar reads words from a node.
func (f *faults) scalar(n *yaml.Node, key string) (string, bool) {
	switch {
	case n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str":
		if fault := literal(n.Value); fault != "" {
			f.add(n.Line, key, "%s", fault)
			return "", false
		}
		return n.Value, true
	case n.Kind == yaml.ScalarNode:
		f.add(n.Line, key, "is %s where words are wanted; put it in quotes if it is meant so", kind(n))
	default:
		f.add(n.Line, key, "is %s where words are wanted; write one value", kind(n))
	}
	return "", false
}

// flag takes true or false, which is also what it is when it is not there.
func (s *section) flag(key string) bool {
	n := s.take(key)
	switch {
	case n == nil:
		return false
	case n.Kind == yaml.ScalarNode && n.ShortTag() == "!!bool" && strings.EqualFold(n.Value, "true"):
		return true
	case n.Kind == yaml.ScalarNode && n.ShortTag() == "!!bool" && strings.EqualFold(n.Value, "false"):
		return false
	}
	s.fault(key, "is %s; write true or false", kind(n))
	return false
}

// number takes a whole number.
func (s *section) number(key string, def, least, most int) int {
	n := s.take(key)
	if n == nil {
		return def
	}
	v, ok := s.whole(n, s.at(key), least, most)
	if !ok {
		return def
	}
	return v
}

// whole reads a whole number from a node.
func (f *faults) whole(n *yaml.Node, key string, least, most int) (int, bool) {
	v, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || err != nil || v < least || v > most {
		f.add(n.Line, key, "is %s; write a whole number from %d to %d", kind(n), least, most)
		return 0, false
	}
	return v, true
}

// item is an element of a sequence.
type item struct {
	node *yaml.Node
	path string
}

// items takes a sequence.
func (s *section) items(key string) []item {
	n := s.take(key)
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		s.fault(key, "is %s; write a list in brackets, or one value a line after a dash", kind(n))
		return nil
	}
	var out []item
	for i, e := range n.Content {
		path := s.at(key) + "[" + strconv.Itoa(i) + "]"
		if e.Kind == yaml.AliasNode {
			s.add(e.Line, path, "is an alias, and those are not followed; write the value itself")
			continue
		}
		out = append(out, item{e, path})
	}
	return out
}

// word is one of a sequence of words.
type word struct {
	text, path string
	line       int
}

// words takes a sequence of words.
func (s *section) words(key string) []word {
	var out []word
	for _, i := range s.items(key) {
		if text, ok := s.scalar(i.node, i.path); ok {
			out = append(out, word{text, i.path, i.node.Line})
		}
	}
	return out
}

// kind says what a node is, for people.
func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	case yaml.ScalarNode:
		if n.ShortTag() == "!!null" {
			return "empty"
		}
		return strconv.Quote(n.Value)
	default:
		return "nothing that can be read"
	}
}
