package ipset

import (
	"cmp"
	"slices"
)

// Ordered is what sets are made of: ordered values with neighbours.
type Ordered[T any] interface {
	Compare(other T) int
	Next() T
	Prev() T
}

// Index is the place of something in a list, such as of a protocol.
type Index int

// Compare orders places from the first.
func (i Index) Compare(o Index) int { return cmp.Compare(i, o) }

// Next is the place after.
func (i Index) Next() Index { return i + 1 }

// Prev is the place before.
func (i Index) Prev() Index { return i - 1 }

// Range is all values from From to To, both included.
type Range[T Ordered[T]] struct{ From, To T }

// Set is a set of values as ranges: in order, apart from each other.
type Set[T Ordered[T]] []Range[T]

// Span is everything from first to last.
func Span[T Ordered[T]](first, last T) Set[T] { return Set[T]{{first, last}} }

// One is the set of x alone.
func One[T Ordered[T]](x T) Set[T] { return Span(x, x) }

// Contains reports whether the value is in the set.
func (s Set[T]) Contains(v T) bool {
	return slices.ContainsFunc(s, func(x Range[T]) bool { return x.From.Compare(v) <= 0 && v.Compare(x.To) <= 0 })
}

// Includes reports whether all of o is in the set.
func (s Set[T]) Includes(o Set[T]) bool { return len(o.Subtract(s)) == 0 }

// Overlaps reports whether some of o is in the set.
func (s Set[T]) Overlaps(o Set[T]) bool { return len(s.Intersect(o)) > 0 }

// Union is everything in s or o.
func (s Set[T]) Union(o Set[T]) Set[T] {
	all := slices.Concat(s, o)
	slices.SortFunc(all, func(x, y Range[T]) int { return x.From.Compare(y.From) })
	out := all[:0]
	for _, x := range all {
		last := len(out) - 1
		switch {
		case last < 0 || out[last].To.Compare(x.From) < 0 && out[last].To.Next().Compare(x.From) != 0:
			out = append(out, x)
		case out[last].To.Compare(x.To) < 0:
			out[last].To = x.To
		}
	}
	return out
}

// Intersect is everything in both s and o.
func (s Set[T]) Intersect(o Set[T]) Set[T] {
	var out Set[T]
	for i, j := 0, 0; i < len(s) && j < len(o); {
		x, y := s[i], o[j]
		from, to := x.From, x.To
		if from.Compare(y.From) < 0 {
			from = y.From
		}
		if to.Compare(y.To) > 0 {
			to = y.To
		}
		if from.Compare(to) <= 0 {
			out = append(out, Range[T]{from, to})
		}
		if x.To.Compare(y.To) < 0 {
			i++
		} else {
			j++
		}
	}
	return out
}

// Subtract is everything in s that is not in o.
func (s Set[T]) Subtract(o Set[T]) Set[T] {
	var out Set[T]
	j := 0
	for _, x := range s {
		for j < len(o) && o[j].To.Compare(x.From) < 0 {
			j++
		}
		left := true
		for k := j; left && k < len(o) && o[k].From.Compare(x.To) <= 0; k++ {
			// Neighbours are asked for only inside the range: the last address
			// has no next one.
			if x.From.Compare(o[k].From) < 0 {
				out = append(out, Range[T]{x.From, o[k].From.Prev()})
			}
			if left = o[k].To.Compare(x.To) < 0; left {
				x.From = o[k].To.Next()
			}
		}
		if left {
			out = append(out, x)
		}
	}
	return out
}
