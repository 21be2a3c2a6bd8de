package jit

// Hindrance is what somebody put before the rules of an open grant in the guard
// since it was opened, and so may keep its holder out; empty when nothing.
func (o Owner) Hindrance(t Table, p Plan, g Grant) string {
	for _, want := range ForGrant(g, o.Installation, t.Guard) {
		if d, shadowed := t.Shadow(p.FinalOf(want)); shadowed {
			return ShadowRefusal(t, d).Error()
		}
	}
	return ""
}
