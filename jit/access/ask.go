package access

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/parse"
	"jitbot/jit/resource"
	"jitbot/jit/text"
)

// maxTargets bounds what one request has Azure asked about.
const maxTargets = 50

const idTries = 100 // ids tried before giving up; the first is nearly always free

// Ask stores a request as it was understood, before rights are checked. What
// names VMs of several approval rules becomes several grants. The same key
// gives the same grants again; when what is asked for is not the same, it is refused
// with the grant that holds. Refused, with nothing stored, is what can be
// known without Azure: a guest, an unknown VM, what no policy offers, what waits or is
// open for the same person already.
func (s *Service) Ask(ctx context.Context, by jit.UserID, key string, a jit.Ask) ([]jit.Grant, error) {
	if _, err := s.checks.Member(ctx, by); err != nil {
		return nil, err
	}
	vms, err := s.askedVMs(ctx, by, a.VMs)
	if err != nil {
		return nil, err
	}
	if len(vms) > maxTargets {
		return nil, jit.Refuse(jit.ErrInput, "That names %s VMs; ask for at most %s at once.", fmt.Sprint(len(vms)), fmt.Sprint(maxTargets))
	}
	if a.Reason, err = parse.Reason(a.Reason); err != nil {
		return nil, err
	}
	r := jit.Request{By: jit.Person{ID: by}, Sources: a.Sources, Reason: a.Reason, Here: a.Here, At: s.checks.Clock.Now()}
	vms, tagged, err := s.leaveOut(ctx, by, vms, a, &r)
	if err != nil {
		return nil, err
	}
	if r.Ports, r.Sources, r.Duration, err = s.completeAsk(ctx, vms, a); err != nil {
		return nil, err
	}
	parts, err := s.splitByRule(vms, tagged, r)
	if err != nil {
		return nil, err
	}
	end, err := s.askers.begin(ctx, by)
	if err != nil {
		return nil, err
	}
	defer end()
	if err := s.refuseTwice(ctx, key, r, parts); err != nil {
		return nil, err
	}
	return s.store(ctx, key, r, parts)
}

// store stores a request, a grant a part.
func (s *Service) store(ctx context.Context, key string, r jit.Request, parts []grantPart) ([]jit.Grant, error) {
	var grants []jit.Grant
	for i, part := range parts {
		one := r
		one.Key = fmt.Sprintf("%s/%d", key, i)
		one.Targets, one.Ports = part.targets, part.ports
		g, err := s.createGrant(ctx, one)
		if err != nil {
			return grants, err
		}
		if !sameRequest(g.Request.AsAsked(), one) {
			return grants, refuseOther(g)
		}
		grants = append(grants, g)
	}
	return grants, s.refuseMore(ctx, r, fmt.Sprintf("%s/%d", key, len(parts)))
}

// sameRequest reports whether two requests ask for the same; what was left out of one may
// not have been left out of the other yet.
func sameRequest(a, b jit.Request) bool {
	return slices.EqualFunc(namedBy(a), namedBy(b), resource.Same) && slices.Equal(a.Ports, b.Ports) && slices.Equal(a.Sources, b.Sources) &&
		a.Duration == b.Duration && a.Reason == b.Reason
}

// namedBy are all VMs that a request names, in order.
func namedBy(r jit.Request) []string {
	var ids []string
	for _, t := range r.Targets {
		ids = append(ids, strings.ToLower(t.VM))
	}
	for _, l := range r.LeftOut {
		ids = append(ids, strings.ToLower(l.VM))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// refuseOther says that what was asked for first, with the same key, holds.
func refuseOther(first jit.Grant) error {
	if first.State.Ended() {
		return jit.Refuse(jit.ErrStale,
			"This was sent before with something else in it, as %s, which is over; ask anew with /jit.", first.ID)
	}
	return jit.Refuse(jit.ErrStale, "This was sent before with something else in it, and %s holds, for %s. "+
		"Withdraw it with /jit cancel %s, or end it with /jit done %s, and ask anew with /jit.",
		first.ID, text.Duration(first.Request.Duration), first.ID, first.ID)
}

// refuseMore refuses a request of which the same key has one part more.
func (s *Service) refuseMore(ctx context.Context, r jit.Request, key string) error {
	r.Key = key
	for n := range idTries {
		g, err := s.adapters.Grants.Grant(ctx, r.DeriveID(n))
		switch {
		case errors.Is(err, jit.ErrNotFound):
			return nil
		case err != nil:
			return fmt.Errorf("looking for what was asked before: %w", err)
		case g.Request.Key == r.Key && g.Request.By.ID == r.By.ID:
			return refuseOther(g)
		}
	}
	return nil
}

// askedVMs are the VMs that a request names. A VM of exactly that name may be asked
// for by anybody, so that an attempt without rights is recorded; a tag, and a name
// that several have or none, is looked up among the VMs that the requester may see.
func (s *Service) askedVMs(ctx context.Context, by jit.UserID, words []string) ([]jit.VM, error) {
	if !slices.ContainsFunc(words, isTag) {
		vms, err := s.checks.VMs.Find(ctx, words, nil)
		if !errors.As(err, new(*jit.Refusal)) {
			return vms, err
		}
	}
	return s.FindVMs(ctx, by, words)
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
		if ok { // without one, WithinPolicy says so
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
			return nil, nil, 0, jit.Refuse(jit.ErrInput,
				"The policies of %s and %s mean different protocols by these ports; write /tcp or /udp after each port.",
				vms[0].Name, vm.Name)
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
func (s *Service) splitByRule(vms []jit.VM, tagged map[string]bool, r jit.Request) ([]grantPart, error) {
	var parts []grantPart
	at := map[string]int{}
	for _, vm := range vms {
		var order []int
		ports := map[int][]jit.Ports{}
		for _, port := range r.Ports {
			rule, ok := s.config.Approval(vm, []jit.Ports{port}, r.Sources, r.Duration)
			if !ok {
				return nil, jit.Refuse(jit.ErrPolicy,
					"Nobody is named to approve access to port %s of %s; ask an admin for an entry under approvals.", port, vm.Name)
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
			target := jit.Target{
				VM: vm.ID, VMID: vm.VMID, Name: vm.Name, Group: vm.Group, Production: vm.Production(), Tagged: tagged[vm.ID],
			}
			parts[i].targets = append(parts[i].targets, target)
		}
	}
	return parts, nil
}

// createGrant stores the request as a grant, or gives the one that its key has
// already: one delivery, one grant, however many come at the same moment.
func (s *Service) createGrant(ctx context.Context, r jit.Request) (jit.Grant, error) {
	for n := range idTries {
		g, taken, err := s.createAs(ctx, r.DeriveID(n), r)
		if err != nil || !taken {
			return g, err
		}
	}
	return jit.Grant{}, errors.New("no free grant id was found")
}

// createAs stores the request under the id, or gives the grant that is there when
// it is of the same key and person; taken says that it is of somebody else's.
func (s *Service) createAs(ctx context.Context, id jit.ID, r jit.Request) (g jit.Grant, taken bool, err error) {
	g, e := jit.NewGrant(id, r)
	err = s.adapters.Grants.Create(ctx, g, e)
	if err == nil {
		return g, false, nil
	}
	if !errors.Is(err, jit.ErrExists) {
		return jit.Grant{}, false, fmt.Errorf("storing %s: %w", id, err)
	}
	old, err := s.adapters.Grants.Grant(ctx, id)
	if err != nil {
		return jit.Grant{}, false, fmt.Errorf("reading %s: %w", id, err)
	}
	return old, old.Request.Key != r.Key || old.Request.By.ID != r.By.ID, nil
}
