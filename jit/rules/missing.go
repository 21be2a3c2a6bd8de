package rules

import "jitbot/jit"

// Missing names a rule of the grant that the guard does not hold as the plan wants it;
// empty when it holds all of them.
func (p Plan) Missing(installation string, t Table, g jit.Grant) string {
	for _, want := range ForGrant(installation, t.Guard, g) {
		if old, _ := t.Rule(want.Name); old.Failed || !old.Equal(p.FinalOf(want)) {
			return want.Name
		}
	}
	return ""
}

// MissingDeny names a deny of the protection, one of those at the guard, that the guard
// does not hold as the plan wants it; empty when it holds all of them.
func (p Plan) MissingDeny(installation string, t Table, all []jit.Protection, one jit.Protection) string {
	for _, want := range ForProtections(installation, t.Guard, all) {
		final := p.FinalOf(want)
		if old, _ := t.Rule(final.Name); final.IsFor(one, t.Guard) && !old.StillDenies(one, t.Guard, final) {
			return final.Name
		}
	}
	return ""
}
