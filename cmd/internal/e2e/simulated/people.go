package simulated

import (
	"context"

	"jitbot/jit"
	"jitbot/jit/admission"
)

// The people of a World: Slack ids tied to the simulator's Entra users.
const (
	Ada   = jit.UserID("U0ADA")   // engineer, may request
	Bob   = jit.UserID("U0BOB")   // has no Azure role
	Grace = jit.UserID("U0GRACE") // approver
	Alan  = jit.UserID("U0ALAN")  // approver
	Carol = jit.UserID("U0CAROL") // admin
	Guest = jit.UserID("U0GUEST")
)

// Where people ask from.
const (
	AdasAddress = "203.0.113.7"   // what Ask asks for
	Nobody      = "203.0.113.250" // nobody asks from there
)

// Approvers is the user group of Grace and Alan.
const Approvers = "S0APPROVERS"

// people is the workspace.
type people struct{ w *World }

// Member implements admission.People.
func (p people) Member(_ context.Context, id jit.UserID) (admission.Member, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	m, ok := p.w.members[id]
	if !ok {
		return m, jit.ErrNotFound
	}
	return m, nil
}

// Group implements admission.People.
func (p people) Group(_ context.Context, id string) ([]jit.UserID, error) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	if p.w.groupsFail != nil {
		return nil, p.w.groupsFail
	}
	users, ok := p.w.Groups[id]
	if !ok {
		return nil, jit.ErrNotFound
	}
	return users, nil
}

// FailGroups has Slack list no user group, for this reason; nil ends that.
func (w *World) FailGroups(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.groupsFail = err
}

// SetMember changes what Slack says of somebody.
func (w *World) SetMember(m admission.Member) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.members[m.ID] = m
}
