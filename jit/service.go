package jit

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Service is what people can do. The bot and the command line call the same
// methods; authority is checked here, at each use, from ids.
type Service struct {
	checks   Checker
	config   Config
	adapters Adapters
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
	Protect(ctx context.Context, vm string, f func(Protection) (Protection, []Event)) error
}

// NewService makes the service; the loop is told when there is work for it. Both
// must share the checker, so that they measure by one clock.
func NewService(checks Checker, loop Loop) *Service {
	return &Service{checks: checks, config: checks.Config, adapters: checks.Adapters, loop: loop, readable: &readableVMs{}}
}

// Known refuses everybody but full, active members; guests learn nothing.
func (s *Service) Known(ctx context.Context, by UserID) error {
	_, err := s.checks.Member(ctx, by)
	return err
}

// Ask stores a request as it was understood, before rights are checked. What
// names VMs of several approval rules becomes several grants. The same key
// gives the same grants again. Refused, with nothing stored, is what can be
// known without Azure: a guest, an unknown VM, what no policy offers.
func (s *Service) Ask(ctx context.Context, by UserID, key string, a Ask) ([]Grant, error) {
	if _, err := s.checks.Member(ctx, by); err != nil {
		return nil, err
	}
	vms, err := s.checks.VMs.Find(ctx, a.VMs)
	if err != nil {
		return nil, err
	}
	if len(vms) > maxTargets {
		return nil, Refuse(ErrInput, "That names %s VMs; ask for at most %s at once.", fmt.Sprint(len(vms)), fmt.Sprint(maxTargets))
	}
	if a.Reason, err = ParseReason(a.Reason); err != nil {
		return nil, err
	}
	r := Request{By: Person{ID: by}, Sources: a.Sources, Reason: a.Reason, At: s.checks.Clock.Now()}
	if r.Ports, r.Sources, r.Duration, err = s.complete(ctx, vms, a); err != nil {
		return nil, err
	}
	parts, err := s.byRule(vms, r)
	if err != nil {
		return nil, err
	}
	var grants []Grant
	for i, part := range parts {
		one := r
		one.Key = fmt.Sprintf("%s/%d", key, i)
		one.Targets, one.Ports = part.targets, part.ports
		g, err := s.create(ctx, one)
		if err != nil {
			return grants, err
		}
		grants = append(grants, g)
	}
	return grants, nil
}

// complete fills in what was left out, where the policies leave no choice,
// and checks it against every VM.
func (s *Service) complete(ctx context.Context, vms []VM, a Ask) ([]Ports, []netip.Prefix, time.Duration, error) {
	limit := MaxDuration
	for _, vm := range vms {
		policy, ok, err := s.checks.Policy(ctx, vm)
		if err != nil {
			return nil, nil, 0, err
		}
		if ok { // without one, fits says so
			a, limit = policy.complete(a, limit)
		}
	}
	if a.Duration == 0 {
		a.Duration = min(defaultDuration, limit)
	}
	var asked []Ports
	for i, vm := range vms {
		got, err := s.checks.WithinPolicy(ctx, vm, a.Ports, a.Sources, a.Duration)
		if err != nil {
			return nil, nil, 0, err
		}
		if i > 0 && !slices.Equal(got, asked) {
			return nil, nil, 0, Refuse(ErrInput, "The policies of %s and %s mean different protocols by these ports; write /tcp or /udp after each port.", vms[0].Name, vm.Name)
		}
		asked = got
	}
	if len(a.Sources) == 0 {
		return nil, nil, 0, Refuse(ErrInput, "Say where you come from: add from and your address, such as from 203.0.113.7.")
	}
	return asked, a.Sources, a.Duration, nil
}

// complete fills in the only port and the only single address, and narrows the
// limit to what the ports allow.
func (p Policy) complete(a Ask, limit time.Duration) (Ask, time.Duration) {
	if len(a.Ports) == 0 && len(p.Ports) == 1 && p.Ports[0].Ports.From == p.Ports[0].Ports.To {
		a.Ports = []Ports{p.Ports[0].Ports}
	}
	for _, want := range a.Ports {
		pp, _, ok := p.Find(want)
		if !ok {
			continue
		}
		limit = min(limit, pp.Longest)
		if len(a.Sources) == 0 && !pp.Any && len(pp.Sources) == 1 && pp.Sources[0].IsSingleIP() {
			a.Sources = pp.Sources
		}
	}
	return a, limit
}

// part is what one grant of a request is for.
type part struct {
	targets []Target
	ports   []Ports
}

// byRule splits a request so that each grant falls under one approval rule: a
// port that a stricter rule guards does not slip through beside another. The
// order is that in which VMs and ports were named.
func (s *Service) byRule(vms []VM, r Request) ([]part, error) {
	var parts []part
	at := map[string]int{}
	for _, vm := range vms {
		var order []int
		ports := map[int][]Ports{}
		for _, port := range r.Ports {
			rule, ok := s.config.Approval(vm, []Ports{port}, r.Sources, r.Duration)
			if !ok {
				return nil, Refuse(ErrPolicy, "Nobody is named to approve access to port %s of %s; ask an admin for an entry under approvals.", port, vm.Name)
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
				parts = append(parts, part{ports: ports[rule]})
			}
			parts[i].targets = append(parts[i].targets, Target{VM: vm.ID, Name: vm.Name, Group: vm.Group, Production: vm.Production()})
		}
	}
	return parts, nil
}

// maxTargets bounds what one request has Azure asked about.
const maxTargets = 50

const idTries = 100 // ids tried before giving up; the first is nearly always free

func (s *Service) create(ctx context.Context, r Request) (Grant, error) {
	for n := range idTries {
		id := DeriveID(r.Key, n)
		old, err := s.adapters.Store.Grant(ctx, id)
		switch {
		case err == nil && old.Request.Key == r.Key && old.Request.By.ID == r.By.ID:
			return old, nil
		case err == nil:
			continue
		case !errors.Is(err, ErrNotFound):
			return Grant{}, fmt.Errorf("looking for %s: %w", id, err)
		}
		g, e := NewGrant(id, r)
		err = s.adapters.Store.Create(ctx, g, e)
		switch {
		case errors.Is(err, ErrExists):
			continue
		case err != nil:
			return Grant{}, fmt.Errorf("storing %s: %w", id, err)
		}
		return g, nil
	}
	return Grant{}, errors.New("no free grant id was found")
}

func (s *Service) grant(ctx context.Context, id ID) (Grant, error) {
	if !id.Valid() {
		return Grant{}, Refuse(ErrInput, "%s is no grant; a grant is named like g-7k2qd. See /jit list.", string(id))
	}
	g, err := s.adapters.Store.Grant(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return g, Refuse(ErrNotFound, "There is no grant %s; see /jit list for yours.", id)
	}
	if err != nil {
		return g, fmt.Errorf("reading %s: %w", id, err)
	}
	return g, nil
}

// change runs a transition; a stale one is told as it is.
func (s *Service) change(ctx context.Context, id ID, f func(Grant, time.Time) (Grant, Event, error)) (Grant, error) {
	now := s.checks.Clock.Now()
	g, err := s.adapters.Store.Update(ctx, id, func(g Grant) (Grant, []Event, error) {
		g, e, err := f(g, now)
		return g, []Event{e}, err
	})
	if err != nil {
		return g, fmt.Errorf("changing %s: %w", id, err)
	}
	s.loop.Kick()
	return g, nil
}

// reject records an attempt without authority and returns the refusal.
func (s *Service) reject(ctx context.Context, by UserID, g Grant, what string, no error) error {
	if !errors.Is(no, ErrAuthority) {
		return no
	}
	if err := s.adapters.Store.Append(ctx, g.Rejected(by, what, s.checks.Clock.Now())); err != nil {
		return fmt.Errorf("recording a refused %s: %w", what, err)
	}
	return no
}

// Done ends the holder's own grant early.
func (s *Service) Done(ctx context.Context, by UserID, id ID) (Grant, error) {
	g, err := s.requireHolder(ctx, by, id, "done", "only the holder can say that they are done; an approver or admin can revoke it")
	if err != nil {
		return g, err
	}
	return s.change(ctx, id, func(g Grant, now time.Time) (Grant, Event, error) {
		return g.Close(Decision{Ending: Finished, By: g.Request.By}, now, now)
	})
}

// Cancel withdraws the requester's own waiting request.
func (s *Service) Cancel(ctx context.Context, by UserID, id ID) (Grant, error) {
	g, err := s.requireHolder(ctx, by, id, "cancel", "only whoever asked can cancel it; an approver can deny it")
	if err != nil {
		return g, err
	}
	return s.change(ctx, id, func(g Grant, now time.Time) (Grant, Event, error) {
		return g.Cancel(g.Request.By, now)
	})
}

func (s *Service) requireHolder(ctx context.Context, by UserID, id ID, what, hint string) (Grant, error) {
	if _, err := s.checks.Member(ctx, by); err != nil {
		return Grant{}, err
	}
	g, err := s.grant(ctx, id)
	if err != nil {
		return g, err
	}
	if g.Request.By.ID != by {
		return g, s.reject(ctx, by, g, what, Refuse(ErrAuthority, "%s belongs to %s; %s.", id, g.Request.By.ID, hint))
	}
	return g, nil
}
