package access

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
)

// Service is what people can do. The bot and the command line call the same
// methods; authority is checked here, at each use, from ids.
type Service struct {
	checks   admission.Checker
	config   jit.Config
	adapters admission.Adapters
	loop     Loop
	readable *readableVMs
}

// Loop is what makes Azure agree with what a Service stored.
type Loop interface {
	// Kick has the loop look at once at what is due.
	Kick()
	// Touch has it look at once at guards, whose ids are in lower case.
	Touch(guards []string)
	// Protect stores a change of a VM's protection; f is as in Protections.
	Protect(ctx context.Context, vm string, f func(jit.Protection) (jit.Protection, []jit.Event)) error
}

// New makes the service; the loop is told when there is work for it. Both
// must share the checker, so that they measure by one clock.
func New(checks admission.Checker, loop Loop) *Service {
	return &Service{checks: checks, config: checks.Config, adapters: checks.Adapters, loop: loop, readable: &readableVMs{}}
}

// Known refuses everybody but full, active members; guests learn nothing.
func (s *Service) Known(ctx context.Context, by jit.UserID) error {
	_, err := s.checks.Member(ctx, by)
	return err
}

// Ask stores a request as it was understood, before rights are checked. What
// names VMs of several approval rules becomes several grants. The same key
// gives the same grants again. Refused, with nothing stored, is what can be
// known without Azure: a guest, an unknown VM, what no policy offers.
func (s *Service) Ask(ctx context.Context, by jit.UserID, key string, a jit.Ask) ([]jit.Grant, error) {
	if _, err := s.checks.Member(ctx, by); err != nil {
		return nil, err
	}
	vms, err := s.checks.VMs.Find(ctx, a.VMs)
	if err != nil {
		return nil, err
	}
	if len(vms) > maxTargets {
		return nil, jit.Refuse(jit.ErrInput, "That names %s VMs; ask for at most %s at once.", fmt.Sprint(len(vms)), fmt.Sprint(maxTargets))
	}
	if a.Reason, err = jit.ParseReason(a.Reason); err != nil {
		return nil, err
	}
	r := jit.Request{By: jit.Person{ID: by}, Sources: a.Sources, Reason: a.Reason, At: s.checks.Clock.Now()}
	if r.Ports, r.Sources, r.Duration, err = s.completeAsk(ctx, vms, a); err != nil {
		return nil, err
	}
	parts, err := s.splitByRule(vms, r)
	if err != nil {
		return nil, err
	}
	var grants []jit.Grant
	for i, part := range parts {
		one := r
		one.Key = fmt.Sprintf("%s/%d", key, i)
		one.Targets, one.Ports = part.targets, part.ports
		g, err := s.createGrant(ctx, one)
		if err != nil {
			return grants, err
		}
		grants = append(grants, g)
	}
	return grants, nil
}

// completeAsk fills in what was left out, where the policies leave no choice,
// and checks it against every VM.
func (s *Service) completeAsk(ctx context.Context, vms []jit.VM, a jit.Ask) ([]jit.Ports, []netip.Prefix, time.Duration, error) {
	limit := jit.MaxDuration
	for _, vm := range vms {
		policy, ok, err := s.checks.Policy(ctx, vm)
		if err != nil {
			return nil, nil, 0, err
		}
		if ok { // without one, fits says so
			a, limit = policy.Complete(a, limit)
		}
	}
	if a.Duration == 0 {
		a.Duration = min(jit.DefaultDuration, limit)
	}
	var asked []jit.Ports
	for i, vm := range vms {
		got, err := s.checks.WithinPolicy(ctx, vm, a.Ports, a.Sources, a.Duration)
		if err != nil {
			return nil, nil, 0, err
		}
		if i > 0 && !slices.Equal(got, asked) {
			return nil, nil, 0, jit.Refuse(jit.ErrInput, "The policies of %s and %s mean different protocols by these ports; write /tcp or /udp after each port.", vms[0].Name, vm.Name)
		}
		asked = got
	}
	if len(a.Sources) == 0 {
		return nil, nil, 0, jit.Refuse(jit.ErrInput, "Say where you come from: add from and your address, such as from 203.0.113.7.")
	}
	return asked, a.Sources, a.Duration, nil
}

// grantPart is what one grant of a request is for.
type grantPart struct {
	targets []jit.Target
	ports   []jit.Ports
}

// splitByRule splits a request so that each grant falls under one approval rule: a
// port that a stricter rule guards does not slip through beside another. The
// order is that in which VMs and ports were named.
func (s *Service) splitByRule(vms []jit.VM, r jit.Request) ([]grantPart, error) {
	var parts []grantPart
	at := map[string]int{}
	for _, vm := range vms {
		var order []int
		ports := map[int][]jit.Ports{}
		for _, port := range r.Ports {
			rule, ok := s.config.Approval(vm, []jit.Ports{port}, r.Sources, r.Duration)
			if !ok {
				return nil, jit.Refuse(jit.ErrPolicy, "Nobody is named to approve access to port %s of %s; ask an admin for an entry under approvals.", port, vm.Name)
			}
			if ports[rule] == nil {
				order = append(order, rule)
			}
			ports[rule] = append(ports[rule], port)
		}
		for _, rule := range order {
			key := fmt.Sprint(rule, ports[rule])
			i, known := at[key]
			if !known {
				i = len(parts)
				at[key] = i
				parts = append(parts, grantPart{ports: ports[rule]})
			}
			parts[i].targets = append(parts[i].targets, jit.Target{VM: vm.ID, Name: vm.Name, Group: vm.Group, Production: vm.Production()})
		}
	}
	return parts, nil
}

// maxTargets bounds what one request has Azure asked about.
const maxTargets = 50

const idTries = 100 // ids tried before giving up; the first is nearly always free

func (s *Service) createGrant(ctx context.Context, r jit.Request) (jit.Grant, error) {
	for n := range idTries {
		id := jit.DeriveID(r.Key, n)
		old, err := s.adapters.Store.Grant(ctx, id)
		switch {
		case err == nil && old.Request.Key == r.Key && old.Request.By.ID == r.By.ID:
			return old, nil
		case err == nil:
			continue
		case !errors.Is(err, jit.ErrNotFound):
			return jit.Grant{}, fmt.Errorf("looking for %s: %w", id, err)
		}
		g, e := jit.NewGrant(id, r)
		err = s.adapters.Store.Create(ctx, g, e)
		switch {
		case errors.Is(err, jit.ErrExists):
			continue
		case err != nil:
			return jit.Grant{}, fmt.Errorf("storing %s: %w", id, err)
		}
		return g, nil
	}
	return jit.Grant{}, errors.New("no free grant id was found")
}

func (s *Service) grant(ctx context.Context, id jit.ID) (jit.Grant, error) {
	if !id.Valid() {
		return jit.Grant{}, jit.Refuse(jit.ErrInput, "%s is no grant; a grant is named like g-7k2qd. See /jit list.", string(id))
	}
	g, err := s.adapters.Store.Grant(ctx, id)
	if errors.Is(err, jit.ErrNotFound) {
		return g, jit.Refuse(jit.ErrNotFound, "There is no grant %s; see /jit list for yours.", id)
	}
	if err != nil {
		return g, fmt.Errorf("reading %s: %w", id, err)
	}
	return g, nil
}

// transition runs a transition; a stale one is told as it is.
func (s *Service) transition(ctx context.Context, id jit.ID, f func(jit.Grant, time.Time) (jit.Grant, jit.Event, error)) (jit.Grant, error) {
	now := s.checks.Clock.Now()
	g, err := s.adapters.Store.Update(ctx, id, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
		g, e, err := f(g, now)
		return g, []jit.Event{e}, err
	})
	if err != nil {
		return g, fmt.Errorf("changing %s: %w", id, err)
	}
	s.loop.Kick()
	return g, nil
}

// reject records an attempt without authority and returns the refusal.
func (s *Service) reject(ctx context.Context, by jit.UserID, g jit.Grant, what string, no error) error {
	if !errors.Is(no, jit.ErrAuthority) {
		return no
	}
	if err := s.adapters.Store.Append(ctx, g.Rejected(by, what, s.checks.Clock.Now())); err != nil {
		return fmt.Errorf("recording a refused %s: %w", what, err)
	}
	return no
}

// Done ends the holder's own grant early.
func (s *Service) Done(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	g, err := s.requireHolder(ctx, by, id, "done", "only the holder can say that they are done; an approver or admin can revoke it")
	if err != nil {
		return g, err
	}
	return s.transition(ctx, id, func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) {
		return g.Close(jit.Decision{Ending: jit.Finished, By: g.Request.By}, now, now)
	})
}

// Cancel withdraws the requester's own waiting request.
func (s *Service) Cancel(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	g, err := s.requireHolder(ctx, by, id, "cancel", "only whoever asked can cancel it; an approver can deny it")
	if err != nil {
		return g, err
	}
	return s.transition(ctx, id, func(g jit.Grant, now time.Time) (jit.Grant, jit.Event, error) {
		return g.Cancel(g.Request.By, now)
	})
}

func (s *Service) requireHolder(ctx context.Context, by jit.UserID, id jit.ID, what, hint string) (jit.Grant, error) {
	if _, err := s.checks.Member(ctx, by); err != nil {
		return jit.Grant{}, err
	}
	g, err := s.grant(ctx, id)
	if err != nil {
		return g, err
	}
	if g.Request.By.ID != by {
		return g, s.reject(ctx, by, g, what, jit.Refuse(jit.ErrAuthority, "%s belongs to %s; %s.", id, g.Request.By.ID, hint))
	}
	return g, nil
}
