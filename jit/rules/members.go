package rules

import (
	"slices"

	"jitbot/jit/ipset"
)

// Members are what a word of a rule stands for: the values that it surely has,
// those that it may have beside them, and why perhaps. Words that nothing is
// known of may stand for everything.
type Members[T ipset.Ordered[T]] struct {
	Sure, Maybe ipset.Set[T]
	Doubts      []string
}

// Any is all that the word may stand for.
func (m Members[T]) Any() ipset.Set[T] { return m.Sure.Union(m.Maybe) }

// Union is what two words stand for together.
func (m Members[T]) Union(o Members[T]) Members[T] {
	return Members[T]{m.Sure.Union(o.Sure), m.Maybe.Union(o.Maybe), slices.Concat(m.Doubts, o.Doubts)}
}

// MayMeet reports whether the word may stand for some of the values.
func (m Members[T]) MayMeet(s ipset.Set[T]) bool { return m.Sure.Overlaps(s) || m.Maybe.Overlaps(s) }

// Contains reports whether the word surely stands for all of the values.
func (m Members[T]) Contains(s ipset.Set[T]) bool { return m.Sure.Includes(s) }

// Covers reports whether the word may stand for all of the values.
func (m Members[T]) Covers(s ipset.Set[T]) bool { return m.Any().Includes(s) }

// Field is what a field of a rule, such as its sources, stands for: one Members
// a word, since a rule takes a packet that any of its words means.
type Field[T ipset.Ordered[T]] []Members[T]

// MayMeet reports whether one of the words may stand for some of the values.
func (f Field[T]) MayMeet(s ipset.Set[T]) bool {
	return slices.ContainsFunc(f, func(m Members[T]) bool { return m.MayMeet(s) })
}

// Contains reports whether one of the words surely stands for all of the values
// by itself.
func (f Field[T]) Contains(s ipset.Set[T]) bool {
	return slices.ContainsFunc(f, func(m Members[T]) bool { return m.Contains(s) })
}

// Covers reports whether one of the words may stand for all of the values by
// itself.
func (f Field[T]) Covers(s ipset.Set[T]) bool {
	return slices.ContainsFunc(f, func(m Members[T]) bool { return m.Covers(s) })
}

// Union is what the words stand for together.
func (f Field[T]) Union() Members[T] {
	var out Members[T]
	for _, m := range f {
		out = out.Union(m)
	}
	return out
}

// all reports whether each of the list is as asked.
func all[T any](list []T, holds func(T) bool) bool {
	return !slices.ContainsFunc(list, func(x T) bool { return !holds(x) })
}
