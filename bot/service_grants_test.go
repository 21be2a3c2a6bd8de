package bot_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/access"
)

func (d *fakeService) Ask(ctx context.Context, by jit.UserID, key string, a jit.Ask) ([]jit.Grant, error) {
	if err := d.wait(ctx); err != nil {
		return nil, err
	}
	if err := d.note("ask %s %v", by, a.VMs); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	id := jit.DeriveID(key, 0)
	if g, ok := d.grants[id]; ok {
		return []jit.Grant{g}, nil
	}
	r := jit.Request{By: jit.Person{ID: by}, Ports: a.Ports, Sources: a.Sources, Duration: a.Duration, Reason: a.Reason, At: time.Now(), Key: key}
	for _, vm := range a.VMs {
		r.Targets = append(r.Targets, jit.Target{VM: "/vm/" + vm, Name: vm, Group: "rg"})
	}
	g, _ := jit.NewGrant(id, r)
	d.grants[id] = g
	return []jit.Grant{g}, nil
}

func (d *fakeService) Check(_ context.Context, id jit.ID) (jit.Grant, error) {
	if err := d.note("check %s", id); err != nil {
		return jit.Grant{}, err
	}
	return d.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) {
		if g.Request.Targets[0].Name == "forbidden" {
			g, e, err := g.Refuse("no", time.Now())
			return g, e, errors.Join(err, jit.Refuse(jit.ErrAuthority, "You lack %s at %s.", "Microsoft.Compute/virtualMachines/read", "forbidden"))
		}
		return g.Wait(g.Request.By, []string{slacksim.DemoApproversID}, 1, time.Now().Add(time.Hour), time.Now())
	})
}

func (d *fakeService) Approve(_ context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	if err := d.note("approve %s %s", by, id); err != nil {
		return jit.Grant{}, err
	}
	return d.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Approve(jit.Person{ID: by}, time.Now()) })
}

func (d *fakeService) Deny(_ context.Context, by jit.UserID, id jit.ID, reason string) (jit.Grant, error) {
	if err := d.note("deny %s %s %s", by, id, reason); err != nil {
		return jit.Grant{}, err
	}
	return d.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Deny(jit.Person{ID: by}, reason, time.Now()) })
}

func (d *fakeService) Cancel(_ context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	if err := d.note("cancel %s %s", by, id); err != nil {
		return jit.Grant{}, err
	}
	return d.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Cancel(jit.Person{ID: by}, time.Now()) })
}

func (d *fakeService) Done(_ context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	return d.end(jit.Decision{Ending: jit.Finished, By: jit.Person{ID: by}}, id)
}

func (d *fakeService) Revoke(_ context.Context, by jit.UserID, id jit.ID, reason string) (jit.Grant, error) {
	return d.end(jit.Decision{Ending: jit.Revoked, By: jit.Person{ID: by}, Reason: reason}, id)
}

func (d *fakeService) end(why jit.Decision, id jit.ID) (jit.Grant, error) {
	if err := d.note("%s %s %s %s", why.Ending, why.By.ID, id, why.Reason); err != nil {
		return jit.Grant{}, err
	}
	return d.change(id, func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Close(why, time.Now(), time.Now()) })
}

func (d *fakeService) change(id jit.ID, f func(jit.Grant) (jit.Grant, jit.Event, error)) (jit.Grant, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	g, ok := d.grants[id]
	if !ok {
		return g, jit.Refuse(jit.ErrNotFound, "There is no grant %s.", id)
	}
	next, _, err := f(g)
	if err != nil {
		return g, err
	}
	d.grants[id] = next
	return next, nil
}

func (d *fakeService) List(_ context.Context, by jit.UserID, all bool) ([]access.Listed, error) {
	if err := d.note("list %s %v", by, all); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []access.Listed
	for _, id := range slices.Sorted(maps.Keys(d.grants)) {
		g := d.grants[id]
		if mine := g.Request.By.ID == by; mine || all {
			out = append(out, access.Listed{Grant: g, Mine: mine, Approver: by == graceID})
		}
	}
	return out, nil
}

func (d *fakeService) Concerns(ctx context.Context, by jit.UserID) ([]access.Listed, error) {
	if err := d.Known(ctx, by); err != nil {
		return nil, err
	}
	return d.List(ctx, by, true)
}

func (d *fakeService) Recent(context.Context, jit.UserID) (jit.Request, bool, error) {
	return d.last, len(d.last.Targets) > 0, nil
}

func (d *fakeService) put(g jit.Grant) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.grants[g.ID] = g
}

func (d *fakeService) targets() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []string
	for _, g := range d.grants {
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
