package jit

import (
	"context"
)

// Survey looks, before anybody asks, at who could. It changes nothing and needs
// no Store, so whether a name once meant another Entra user is not known to it.
type Survey struct{ checks judge }

// NewSurvey makes one. Of the world it needs Directory, People and Log.
func NewSurvey(c Config, w World) Survey {
	w.Store = nil
	return Survey{newJudge(c, w)}
}

// Person is the member with the Entra user they are tied to. A Refusal is what
// they would read who is none.
func (s Survey) Person(ctx context.Context, id UserID) (Person, error) {
	return s.checks.person(ctx, id)
}

// Enough refuses an approval rule that fewer people could approve by than it
// requires.
func (s Survey) Enough(ctx context.Context, rule ApprovalRule) error {
	return s.checks.enough(ctx, rule, Person{})
}
