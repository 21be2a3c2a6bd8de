package jit

import (
	"slices"

	"jitbot/jit/resource"
)

func (g Grant) Shares(o Grant) bool {
	return slices.ContainsFunc(g.Request.Targets, func(t Target) bool {
		return slices.ContainsFunc(o.Request.Targets, func(u Target) bool { return resource.Same(t.VM, u.VM) })
	})
}
