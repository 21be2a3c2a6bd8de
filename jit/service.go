package jit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// Service is what people can do. The bot and the command line call the same
// methods; authority is checked here, at each use, from ids.
type Service struct {
	judge
	roster *roster
	sweep  *Sweep
	sights *sights
}

// NewService makes the service over the sweep, which is told when there is
// work for it.
func NewService(sweep *Sweep) *Service {
	return &Service{judge: sweep.judge, roster: sweep.roster, sweep: sweep, sights: &sights{}}
}

// Known refuses everybody but full, active members; guests learn nothing.
func (s *Service) Known(ctx context.Context, by UserID) error {
	_, err := s.member(ctx, by)
	return err
}

// Ask stores a request as it was understood, before rights are checked. What
// names VMs of several approval rules becomes several grants. The same key
// gives the same grants again. Refused, with nothing stored, is what can be
// known without Azure: a guest, an unknown VM, what no policy offers.
func (s *Service) Ask(ctx context.Context, by UserID, key string, a Ask) ([]Grant, error) {
	if _, err := s.member(ctx, by); err != nil {
		return nil, err
	}
	vms, err := s.roster.find(ctx, a.VMs)
	if err != nil {
		return nil, err
	}
	if len(vms) > maxTargets {
		return nil, Refuse(ErrInput, "That names %s VMs; ask for at most %s at once.", fmt.Sprint(len(vms)), fmt.Sprint(maxTargets))
	}
	if a.Reason, err = ParseReason(a.Reason); err != nil {
		return nil, err
	}
	r := Request{By: Person{ID: by}, Sources: a.Sources, Reason: a.Reason, At: s.clock.Now()}
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
		policy, ok, err := s.policy(ctx, vm)
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
		got, err := s.fits(ctx, vm, a.Ports, a.Sources, a.Duration)
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
		old, err := s.world.Store.Grant(ctx, id)
		switch {
		case err == nil && old.Request.Key == r.Key && old.Request.By.ID == r.By.ID:
			return old, nil
		case err == nil:
			continue
		case !errors.Is(err, ErrNotFound):
			return Grant{}, fmt.Errorf("looking for %s: %w", id, err)
		}
		g, e := NewGrant(id, r)
		err = s.world.Store.Create(ctx, g, e)
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

// Check decides about a request that was stored: rights, policy, the guards on
// the way, and whether enough people could approve. It becomes pending or
// opening, or is refused; then the refusal is returned beside the grant. A
// grant that was checked before is returned as it is.
func (s *Service) Check(ctx context.Context, id ID) (Grant, error) {
	g, err := s.grant(ctx, id)
	if err != nil || g.State != Asked {
		return g, err
	}
	if s.clock.Now().Sub(g.Request.At) > askedLapse {
		return s.refuse(ctx, g, Refuse(ErrStale, "It could not be checked in time, because jitbot was down, so nothing is opened; ask again."))
	}
	var verdict verdict
	err = patiently(ctx, func() error { verdict, err = s.examine(ctx, g); return err })
	if ctx.Err() != nil {
		return g, fmt.Errorf("checking %s: %w", id, ctx.Err()) // it stays asked and is checked again
	}
	if err != nil {
		return s.refuse(ctx, g, err)
	}
	now := s.clock.Now()
	g, err = s.world.Store.Update(ctx, id, func(g Grant) (Grant, []Event, error) {
		var e Event
		var err error
		g.Notes, g.Channel, g.Clock.RemindBefore = verdict.notes, verdict.channel, verdict.remind
		if verdict.rule.Required == 0 {
			g, e, err = g.Permit(verdict.by, now)
		} else {
			g, e, err = g.Wait(verdict.by, verdict.rule.Approvers, verdict.rule.Required, now.Add(verdict.rule.PendingFor), now)
		}
		return g, []Event{e}, err
	})
	if err != nil {
		return s.reread(ctx, id, err)
	}
	s.sweep.Kick()
	return g, nil
}

// askedLapse is how old a request may be when it is first checked: the address
// it came from may be somebody else's by then.
const askedLapse = 10 * time.Minute

// patience is how long an answer may wait for a busy Azure.
const patience = 30 * time.Second

// patiently tries again while Azure is busy, for as long as a person would
// wait.
func patiently(ctx context.Context, f func() error) error {
	end := time.Now().Add(patience)
	for failures := 1; ; failures++ {
		err := f()
		wait := pause(failures, err)
		if !errors.Is(err, ErrBusy) && !errors.Is(err, ErrConflict) || time.Now().Add(wait).After(end) {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
	}
}

type verdict struct {
	by      Person
	rule    ApprovalRule
	notes   []string
	channel string
	remind  time.Duration // the longest of the VMs' policies
}

func (s *Service) examine(ctx context.Context, g Grant) (verdict, error) {
	who, sites, err := s.entitled(ctx, g)
	if err != nil {
		return verdict{}, err
	}
	vms := vmsOf(sites)
	var remind time.Duration
	for _, site := range sites {
		if policy, ok := s.config.Policy(site.vm); ok {
			remind = max(remind, policy.RemindBefore)
		}
	}
	rule, err := s.rule(vms, g.Request)
	if err != nil {
		return verdict{}, err
	}
	if err := s.enough(ctx, rule, who); err != nil {
		return verdict{}, err
	}
	g.Request.By = who
	notes, err := s.prospect(ctx, g, sites)
	channel := rule.Channel
	if channel == "" {
		channel = s.config.Channel
	}
	return verdict{who, rule, notes, channel, remind}, err
}

// refuse ends a request whose check said no. A check that could not be made is
// a no as well: nothing is opened in doubt.
func (s *Service) refuse(ctx context.Context, g Grant, cause error) (Grant, error) {
	no := new(Refusal)
	if !errors.As(cause, &no) {
		s.world.Log.ErrorContext(ctx, "a request could not be checked", slog.String("grant", string(g.ID)), slog.Any("error", cause))
		no = Refuse(ErrAuthority, "Your rights could not be checked just now (%s), so nothing is opened; ask again in a minute.", outline(cause))
	}
	now := s.clock.Now()
	refused, err := s.world.Store.Update(ctx, g.ID, func(g Grant) (Grant, []Event, error) {
		g, e, err := g.Refuse(no.Error(), now)
		return g, []Event{e}, err
	})
	if err != nil {
		return s.reread(ctx, g.ID, err)
	}
	return refused, no
}

// reread returns the grant as another made it meanwhile, when the error says
// that it was just too late.
func (s *Service) reread(ctx context.Context, id ID, err error) (Grant, error) {
	if !errors.Is(err, ErrStale) {
		return Grant{}, fmt.Errorf("storing the check of %s: %w", id, err)
	}
	return s.grant(ctx, id)
}

// outline says in a few words what kind of fault it is; the log has the rest.
func outline(err error) string {
	switch {
	case errors.Is(err, ErrForbidden):
		return "Azure does not let jitbot read them"
	case errors.Is(err, ErrBusy):
		return "Azure is busy"
	case errors.Is(err, ErrNotFound):
		return "something of it is gone from Azure"
	default:
		return "a service did not answer"
	}
}

func (s *Service) grant(ctx context.Context, id ID) (Grant, error) {
	if !id.Valid() {
		return Grant{}, Refuse(ErrInput, "%s is no grant; a grant is named like g-7k2qd. See /jit list.", string(id))
	}
	g, err := s.world.Store.Grant(ctx, id)
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
	now := s.clock.Now()
	g, err := s.world.Store.Update(ctx, id, func(g Grant) (Grant, []Event, error) {
		g, e, err := f(g, now)
		return g, []Event{e}, err
	})
	if err != nil {
		return g, fmt.Errorf("changing %s: %w", id, err)
	}
	s.sweep.Kick()
	return g, nil
}

// reject records an attempt without authority and returns the refusal.
func (s *Service) reject(ctx context.Context, by UserID, g Grant, what string, no error) error {
	if !errors.Is(no, ErrAuthority) {
		return no
	}
	e := g.event(EventRejected, Person{ID: by}, s.clock.Now(), what)
	if err := s.world.Store.Append(ctx, e); err != nil {
		return fmt.Errorf("recording a refused %s: %w", what, err)
	}
	return no
}

// Done ends the holder's own grant early.
func (s *Service) Done(ctx context.Context, by UserID, id ID) (Grant, error) {
	g, err := s.own(ctx, by, id, "done", "only the holder can say that they are done; an approver or admin can revoke it")
	if err != nil {
		return g, err
	}
	return s.change(ctx, id, func(g Grant, now time.Time) (Grant, Event, error) {
		return g.Close(Decision{Ending: Finished, By: g.Request.By}, now, now)
	})
}

// Cancel withdraws the requester's own waiting request.
func (s *Service) Cancel(ctx context.Context, by UserID, id ID) (Grant, error) {
	g, err := s.own(ctx, by, id, "cancel", "only whoever asked can cancel it; an approver can deny it")
	if err != nil {
		return g, err
	}
	return s.change(ctx, id, func(g Grant, now time.Time) (Grant, Event, error) {
		return g.Cancel(g.Request.By, now)
	})
}

func (s *Service) own(ctx context.Context, by UserID, id ID, what, hint string) (Grant, error) {
	if _, err := s.member(ctx, by); err != nil {
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

// List gives the grants that have not ended, the caller's own, or with all
// also those that the caller may see: everything for approvers, admins and the
// host, else what is for VMs that the caller may read in Azure.
func (s *Service) List(ctx context.Context, by UserID, all bool) ([]Listed, error) {
	if !by.Host() {
		if _, err := s.member(ctx, by); err != nil {
			return nil, err
		}
	}
	grants, err := s.world.Store.Unfinished(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing grants: %w", err)
	}
	eyes := &eyes{judge: s.judge, by: by, sights: s.sights}
	var out []Listed
	for _, g := range grants {
		mine := g.Request.By.ID == by
		if !mine && !all && !by.Host() {
			continue
		}
		l := Listed{Grant: g, Mine: mine}
		if l.Approver, l.Admin, err = s.standing(ctx, by, g); err != nil {
			return nil, err
		}
		if !mine && !l.Approver && !l.Admin && !eyes.see(ctx, g) {
			continue
		}
		out = append(out, l)
	}
	return out, nil
}

// Listed is a grant with what the reader is to it.
type Listed struct {
	Grant                 Grant
	Mine, Approver, Admin bool
}

func (s *Service) standing(ctx context.Context, by UserID, g Grant) (approver, admin bool, err error) {
	if by.Host() {
		return false, true, nil
	}
	if admin, err = s.listed(ctx, s.config.Admins, by); err != nil {
		return false, false, err
	}
	approvers := g.Approvers
	if rule, _, err := s.ruleNow(ctx, g); err == nil {
		approvers = rule.Approvers
	}
	approver, err = s.listed(ctx, approvers, by)
	return approver, admin, err
}

// sights remembers for a minute which VMs people may read in Azure: a list
// must not spend the requests that closing needs.
type sights struct {
	mu   sync.Mutex
	of   map[UserID]map[string]bool
	read time.Time
}

func (s *sights) get(by UserID, vm string) (may, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.read) > rosterAge {
		s.of, s.read = map[UserID]map[string]bool{}, time.Now()
	}
	may, known = s.of[by][strings.ToLower(vm)]
	return may, known
}

func (s *sights) put(by UserID, vm string, may bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[by] == nil {
		s.of[by] = map[string]bool{}
	}
	s.of[by][strings.ToLower(vm)] = may
}

// eyes decide, for one answer, which grants somebody may see by their Azure
// rights.
type eyes struct {
	judge
	by     UserID
	sights *sights
	who    *Person
	blind  bool // not tied to an Entra user, or unreadable: sees nothing
}

func (e *eyes) see(ctx context.Context, g Grant) bool {
	if e.who == nil && !e.blind {
		who, err := e.person(ctx, e.by)
		e.who, e.blind = &who, err != nil
	}
	return !e.blind && !slices.ContainsFunc(g.Request.Targets, func(t Target) bool { return !e.reads(ctx, t) })
}

func (e *eyes) reads(ctx context.Context, t Target) bool {
	if may, known := e.sights.get(e.by, t.VM); known {
		return may
	}
	if !e.world.Vitals.Spare(t.VM) {
		return false
	}
	may := e.rights(ctx, *e.who, VM{ID: t.VM, Name: t.Name}, []string{"Microsoft.Compute/virtualMachines/read"}) == nil
	e.sights.put(e.by, t.VM, may)
	return may
}
