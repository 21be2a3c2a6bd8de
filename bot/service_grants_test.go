package bot_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/lookup"
)

func (s *fakeService) Ask(ctx context.Context, by jit.UserID, key string, a jit.Ask) ([]jit.Grant, error) {
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	if err := s.effect(ctx, by, "ask %s %v", by, a.VMs); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := jit.Request{Key: key}.DeriveID(0)
	if g, ok := s.grants[id]; ok && (g.Request.Duration != a.Duration || g.Request.Reason != a.Reason) {
		return nil, jit.Refuse(jit.ErrStale, "This was sent before with something else in it, and %s holds.", g.ID)
	} else if ok {
		return []jit.Grant{g}, nil
	}
	r := jit.Request{
		By:       jit.Person{ID: by},
		Ports:    a.Ports,
		Sources:  a.Sources,
		Duration: a.Duration,
		Reason:   a.Reason,
		At:       time.Now(),
		Key:      key,
	}
	for _, vm := range a.VMs {
		r.Targets = append(r.Targets, jit.Target{VM: "/vm/" + vm, Name: vm, Group: "rg"})
	}
	g, _ := jit.NewGrant(id, r)
	s.grants[id] = g
	return []jit.Grant{g}, nil
}

func (s *fakeService) Check(_ context.Context, id jit.ID) (jit.Grant, error) {
	if err := s.note("check %s", id); err != nil {
		return jit.Grant{}, err
	}
	return s.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) {
		if g.Request.Targets[0].Name == "forbidden" {
			g, e, err := g.Refuse("no", time.Now())
			return g, e, errors.Join(err, jit.Refuse(jit.ErrAuthority, "You lack %s at %s.", "Microsoft.Compute/virtualMachines/read", "forbidden"))
		}
		if g.Request.Targets[0].Name == "no-role" {
			no := jit.Refuse(jit.ErrRights, "%s lacks the Azure action %s at %s.", "ada", jit.Whole("Microsoft.Compute/virtualMachines/read"), "no-role")
			g, e, err := g.RefuseFor(no, time.Now())
			return g, e, errors.Join(err, no)
		}
		return g.Wait(g.Request.By, []string{slacksim.DemoApproversID}, 1, time.Now().Add(time.Hour), time.Now())
	})
}

func (s *fakeService) Approve(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	if err := errors.Join(s.effect(ctx, by, "approve %s %s", by, id), s.wait(ctx)); err != nil {
		return jit.Grant{}, err
	}
	return s.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Approve(jit.Person{ID: by}, time.Now()) })
}

func (s *fakeService) ToNarrow(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	if err := s.effect(ctx, by, "to narrow %s %s", by, id); err != nil {
		return jit.Grant{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.grants[id], s.grants[id].Decidable()
}

func (s *fakeService) ApproveLess(ctx context.Context, by jit.UserID, id jit.ID, less jit.Extent) (jit.Grant, error) {
	if err := errors.Join(s.effect(ctx, by, "approve less %s %s %s", by, id, less), s.wait(ctx)); err != nil {
		return jit.Grant{}, err
	}
	return s.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) {
		return g.ApproveLess(jit.Person{ID: by}, less, time.Now())
	})
}

func (s *fakeService) Claim(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	if err := errors.Join(s.effect(ctx, by, "claim %s %s", by, id), s.wait(ctx)); err != nil {
		return jit.Grant{}, err
	}
	return s.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) {
		return g.ClaimOrGiveBack(jit.Person{ID: by}, time.Now())
	})
}

func (s *fakeService) Deny(ctx context.Context, by jit.UserID, id jit.ID, reason string) (jit.Grant, error) {
	if err := errors.Join(s.effect(ctx, by, "deny %s %s %s", by, id, reason), s.wait(ctx)); err != nil {
		return jit.Grant{}, err
	}
	return s.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Deny(jit.Person{ID: by}, reason, time.Now()) })
}

func (s *fakeService) Cancel(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	if err := s.effect(ctx, by, "cancel %s %s", by, id); err != nil {
		return jit.Grant{}, err
	}
	return s.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Cancel(jit.Person{ID: by}, time.Now()) })
}

func (s *fakeService) Done(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	return s.end(ctx, jit.Decision{Ending: jit.Finished, By: jit.Person{ID: by}}, id)
}

func (s *fakeService) DoneOnly(ctx context.Context, by jit.UserID, at time.Time) (jit.Grant, error) {
	mine, err := s.List(ctx, by, false)
	for _, l := range mine {
		if l.Grant.State == jit.Open && !l.Grant.Clock.Approved.After(at) {
			return s.Done(ctx, by, l.Grant.ID)
		}
	}
	return jit.Grant{}, errors.Join(err, jit.Refuse(jit.ErrStale, "You have no access that is open."))
}

func (s *fakeService) ToDecide(_ context.Context, by jit.UserID, id jit.ID) (lookup.ListedGrant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.grants[id]
	return lookup.ListedGrant{Grant: g, Mine: g.Request.By.ID == by, Approver: by == graceID || by == linusID}, nil
}

func (s *fakeService) Revoke(ctx context.Context, by jit.UserID, id jit.ID, reason string) (jit.Grant, error) {
	return s.end(ctx, jit.Decision{Ending: jit.Revoked, By: jit.Person{ID: by}, Reason: reason}, id)
}

func (s *fakeService) end(ctx context.Context, why jit.Decision, id jit.ID) (jit.Grant, error) {
	if err := s.effect(ctx, why.By.ID, "%s %s %s %s", why.Ending, why.By.ID, id, why.Reason); err != nil {
		return jit.Grant{}, err
	}
	return s.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Close(why, time.Now(), time.Now()) })
}

func (s *fakeService) change(id jit.ID, f func(jit.Grant) (jit.Grant, jit.Event, error)) (jit.Grant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.grants[id]
	if !ok {
		return g, jit.Refuse(jit.ErrNotFound, "There is no grant %s.", id)
	}
	next, _, err := f(g)
	if err != nil {
		return g, err
	}
	s.grants[id] = next
	return next, nil
}

func (s *fakeService) List(_ context.Context, by jit.UserID, all bool) ([]lookup.ListedGrant, error) {
	if err := s.note("list %s %v", by, all); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []lookup.ListedGrant
	for _, id := range slices.Sorted(maps.Keys(s.grants)) {
		g := s.grants[id]
		if mine := g.Request.By.ID == by; mine || all {
			out = append(out, lookup.ListedGrant{Grant: g, Mine: mine, Approver: by == graceID})
		}
	}
	return out, nil
}

func (s *fakeService) Concerns(ctx context.Context, by jit.UserID) ([]lookup.ListedGrant, error) {
	if err := s.Known(ctx, by); err != nil {
		return nil, err
	}
	s.mu.Lock()
	hangs := s.hangs == by
	s.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	all, err := s.List(ctx, by, true)
	for i := range all {
		all[i].Approver = all[i].Approver || by == linusID // both are in the group
	}
	return all, err
}

func (s *fakeService) Recent(context.Context, jit.UserID) (jit.Request, bool, error) {
	return s.last, len(s.last.Targets) > 0, nil
}

func (s *fakeService) put(g jit.Grant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grants[g.ID] = g
}

func (s *fakeService) targets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, g := range s.grants {
		out = append(out, g.Request.Targets[0].Name)
	}
	return out
}

func (o *setup) onlyGrant() jit.Grant {
	o.t.Helper()
	o.service.mu.Lock()
	defer o.service.mu.Unlock()
	if len(o.service.grants) != 1 {
		o.t.Fatalf("%d grants, not 1", len(o.service.grants))
	}
	for _, g := range o.service.grants {
		return g
	}
	return jit.Grant{}
}
