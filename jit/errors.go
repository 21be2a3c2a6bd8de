package jit

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"jitbot/jit/text"
)

// Kinds of failure that adapters translate to, tested by errors.Is.
var (
	ErrNotFound  = errors.New("not found")
	ErrExists    = errors.New("already exists")
	ErrForbidden = errors.New("forbidden") // 401, 403: nobody will allow it until somebody acts
	ErrLocked    = errors.New("locked")    // a lock on the resource
	ErrBusy      = errors.New("busy")      // throttled, or another operation is in progress: try again
	ErrConflict  = errors.New("conflict")  // what was planned from has changed: read and plan again
	ErrInvalid   = errors.New("invalid")   // Azure refuses what was sent, and will again
	ErrDamaged   = errors.New("damaged")   // a record of the store cannot be believed
)

// ErrDisallowed is an ErrForbidden that no role mends: Azure Policy denies the
// change.
var ErrDisallowed = fmt.Errorf("disallowed by Azure Policy: %w", ErrForbidden)

// Kinds of refusal, the answers to what a person asks.
var (
	ErrInput     = errors.New("bad input")
	ErrPolicy    = errors.New("against the policy")
	ErrAuthority = errors.New("no authority")
	ErrStale     = errors.New("already decided")
)

// ErrRights is an ErrAuthority: the person lacks Azure actions, which are named last.
var ErrRights = fmt.Errorf("rights in Azure are missing: %w", ErrAuthority)

// BusyError says how long Azure asked to wait. It is an ErrBusy.
type BusyError struct {
	Wait  time.Duration // 0 when Azure did not say
	Cause error
}

// Error implements error.
func (e *BusyError) Error() string {
	if e.Wait == 0 {
		return fmt.Sprintf("busy or out of reach: %v", e.Cause)
	}
	return fmt.Sprintf("busy, asked to wait %s: %v", e.Wait, e.Cause)
}

// RetryAfter is how long to wait before trying again; 0 when Azure did not say.
func (e *BusyError) RetryAfter() time.Duration { return e.Wait }

// Unwrap makes it an ErrBusy and keeps the cause.
func (e *BusyError) Unwrap() []error { return []error{ErrBusy, e.Cause} }

// Refusal is a no that a person reads: one sentence that says what to do next.
// Everything else that goes wrong is a fault of jitbot or of the world and is
// not shown in detail.
type Refusal struct {
	Kind   error      // ErrInput, ErrPolicy, ErrAuthority, ErrStale or ErrNotFound
	VMs    []string   // resource ids of those that it is about; none when it is about the whole
	each   []*Refusal // of With: what each VM is refused for
	format string
	args   []any
}

// Whole is an argument of a Refusal that is for copying: no screen cuts it as it
// cuts names.
type Whole string

// Refuse makes a refusal. The format knows only %s; its arguments are strings,
// Wholes, UserIDs, instants, durations and Stringers, shown by Say.
func Refuse(kind error, format string, args ...any) *Refusal {
	return &Refusal{Kind: kind, format: format, args: args}
}

// Say renders the sentence; show turns each argument into text, so that a
// screen can escape what people typed and name people its own way.
func (r *Refusal) Say(show func(any) string) string {
	shown := make([]any, len(r.args))
	for i, a := range r.args {
		shown[i] = show(a)
	}
	return fmt.Sprintf(r.format, shown...)
}

// At is the refusal as one about VMs.
func (r *Refusal) At(vms ...string) *Refusal {
	at := *r
	at.VMs = vms
	return &at
}

// And is the refusal with another's sentence on the next line, about the VMs of both.
func (r *Refusal) And(next *Refusal) *Refusal {
	both := Refuse(r.Kind, r.format+"\n"+next.format, slices.Concat(r.args, next.args)...)
	both.VMs, both.each = slices.Concat(r.VMs, next.VMs), r.each
	return both
}

// With is And with what another VM is refused for. Of more than so many VMs only the ids
// are kept; refusals of two kinds are against the policy.
func (r *Refusal) With(next *Refusal, most int) *Refusal {
	both := *r
	if len(r.VMs) < most {
		both = *r.And(next)
	}
	both.VMs, both.each = slices.Concat(r.VMs, next.VMs), append(slices.Clip(r.each), next)
	if len(r.each) == 0 {
		both.each = []*Refusal{r, next}
	}
	if !errors.Is(next, r.Kind) {
		both.Kind = ErrPolicy
	}
	return &both
}

// Of is what it says of one of its VMs.
func (r *Refusal) Of(vm string) *Refusal {
	for _, one := range r.each {
		if slices.Contains(one.VMs, vm) {
			return one
		}
	}
	return r
}

// Then is the refusal with what another says first, up to its semicolon, after it.
func (r *Refusal) Then(between string, o *Refusal) *Refusal {
	head, _, _ := strings.Cut(o.format, ";")
	args := slices.Concat(r.args, o.args[:strings.Count(head, "%s")])
	return &Refusal{Kind: r.Kind, VMs: r.VMs, format: r.format + between + strings.TrimSuffix(head, "."), args: args}
}

// Error is the sentence in plain text.
func (r *Refusal) Error() string { return r.Say(Plain) }

// Unwrap gives the kind.
func (r *Refusal) Unwrap() error { return r.Kind }

// Plain shows an argument of a Refusal in plain text.
func Plain(a any) string {
	switch v := a.(type) {
	case time.Time:
		return v.UTC().Format("2006-01-02 15:04:05 UTC")
	case time.Duration:
		return text.Duration(v)
	default:
		return fmt.Sprint(v)
	}
}
