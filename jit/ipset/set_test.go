package ipset_test

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"jitbot/jit/ipset"
)

// small is how many ports the properties are about: few enough to try each.
const small = 24

// listed is a set that is told value by value, which needs no algebra.
type listed map[ipset.Port]bool

func drawn(t *rapid.T, label string) (ipset.Set[ipset.Port], listed) {
	list := listed{}
	var set ipset.Set[ipset.Port]
	for _, p := range rapid.SliceOfN(rapid.IntRange(0, small-1), 0, 8).Draw(t, label) {
		last := min(p+rapid.IntRange(0, 4).Draw(t, label+" length"), small-1)
		set = set.Union(ipset.Span(ipset.Port(p), ipset.Port(last)))
		for v := p; v <= last; v++ {
			list[ipset.Port(v)] = true
		}
	}
	checkSet(t, set, list)
	return set, list
}

// checkSet compares the two value by value, and asks that the ranges are in order
// and have gaps between them: equal sets are written in one way.
func checkSet(t *rapid.T, set ipset.Set[ipset.Port], want listed) {
	t.Helper()
	for v := range ipset.Port(small) {
		if set.Contains(v) != want[v] {
			t.Fatalf("%v contains %d: %t", set, v, set.Contains(v))
		}
	}
	for i, r := range set {
		if r.From > r.To || i > 0 && set[i-1].To+1 >= r.From {
			t.Fatalf("%v is not in order, or has ranges that touch", set)
		}
	}
}

// those are the values of which the function says yes.
func those(keep func(ipset.Port) bool) listed {
	out := listed{}
	for v := range ipset.Port(small) {
		if keep(v) {
			out[v] = true
		}
	}
	return out
}

func TestSetsAgainstLists(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, la := drawn(t, "a")
		b, lb := drawn(t, "b")
		beforeA, beforeB := slices.Clone(a), slices.Clone(b)
		union, both := those(func(v ipset.Port) bool { return la[v] || lb[v] }), those(func(v ipset.Port) bool { return la[v] && lb[v] })
		checkSet(t, a.Union(b), union)
		checkSet(t, a.Intersect(b), both)
		checkSet(t, a.Subtract(b), those(func(v ipset.Port) bool { return la[v] && !lb[v] }))
		if got, want := a.Overlaps(b), len(both) > 0; got != want {
			t.Fatalf("%v overlaps %v: %t", a, b, got)
		}
		if got, want := a.Includes(b), maps.Equal(both, lb); got != want {
			t.Fatalf("%v includes %v: %t", a, b, got)
		}
		if !slices.Equal(a, beforeA) || !slices.Equal(b, beforeB) {
			t.Fatalf("a set was changed: %v %v", a, b)
		}
	})
}

func TestParsePortRange(t *testing.T) {
	for word, want := range map[string]ipset.Set[ipset.Port]{
		"*": ipset.AllPorts(), "22": ipset.One[ipset.Port](22), "8000-8010": ipset.Span[ipset.Port](8000, 8010),
		"0-65535": ipset.AllPorts(), "10-9": nil, "ssh": nil, "": nil, "1-": nil,
	} {
		got, ok := ipset.ParsePortRange(word)
		if ok != (want != nil) || !slices.Equal(got, want) {
			t.Errorf("%q is %v, %t", word, got, ok)
		}
	}
}
