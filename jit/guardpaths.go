package jit

import (
	"slices"
	"strings"

	"jitbot/jit/resource"
)

// confirm marks the guard's paths and counts those left.
func confirm(paths []Path, guard string) (next []Path, fresh bool, left int) {
	next = slices.Clone(paths)
	for i, p := range next {
		if resource.Same(p.Guard, guard) && !p.Confirmed {
			next[i].Confirmed, next[i].Fault = true, ""
			fresh = true
		}
		if !next[i].Confirmed {
			left++
		}
	}
	return next, fresh, left
}

// faulted keeps the fault at the guard's paths; fresh says that it is another one.
func faulted(paths []Path, guard, fault string) (next []Path, fresh bool) {
	next = slices.Clone(paths)
	for i, p := range next {
		if resource.Same(p.Guard, guard) && p.Fault != fault {
			next[i].Fault, fresh = fault, true
		}
	}
	return next, fresh
}

// elsewhere are the paths but those of the guard.
func elsewhere(paths []Path, guard string) []Path {
	return slices.DeleteFunc(slices.Clone(paths), func(p Path) bool { return resource.Same(p.Guard, guard) })
}

func GuardsOf(paths []Path) []string {
	var out []string
	for _, p := range paths {
		out = append(out, strings.ToLower(p.Guard))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// HasGuard reports whether the guard is one of the paths'.
func HasGuard(paths []Path, guard string) bool {
	return slices.ContainsFunc(paths, func(p Path) bool { return resource.Same(p.Guard, guard) })
}
