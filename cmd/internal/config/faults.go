package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing that is wrong with a configuration file.
type Fault struct {
	File string
	Line int    // 0 when it is about no line
	Key  string // such as policies[0].ports[1].longest; empty when it is about the whole file
	Text string // what is wrong, and what to write
}

// String is a line that editors can jump by.
func (f Fault) String() string {
	s := f.File + ":"
	if f.Line > 0 {
		s += fmt.Sprintf("%d:", f.Line)
	}
	if f.Key != "" {
		s += " " + f.Key + ":"
	}
	return s + " " + f.Text
}

// Faults is everything that is wrong with a configuration file, by line.
type Faults []Fault

// Error is a line a fault.
func (f Faults) Error() string {
	lines := make([]string, 0, len(f))
	for _, one := range f {
		lines = append(lines, one.String())
	}
	return strings.Join(lines, "\n")
}

// faults collects while a file is read.
type faults struct {
	file string
	all  Faults
}

func (f *faults) add(line int, key, format string, args ...any) {
	f.all = append(f.all, Fault{f.file, line, key, fmt.Sprintf(format, args...)})
}

// err is nil when nothing is wrong.
func (f *faults) err() error {
	if len(f.all) == 0 {
		return nil
	}
	slices.SortStableFunc(f.all, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
	return f.all
}

// Clause is an error's words for use inside another sentence: without the full
// stop that a refusal ends with.
func Clause(err error) string { return strings.TrimSuffix(err.Error(), ".") }
