package bot_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/access"
	"jitbot/jit/reach"
)

func (d *fakeService) Scan(ctx context.Context, by jit.UserID) ([]reach.Finding, bool, error) {
	if err := d.Known(ctx, by); err != nil {
		return nil, false, err
	}
	return d.found, d.more, d.note("scan %s", by)
}

func (d *fakeService) Explain(_ context.Context, by jit.UserID, vm string, who jit.UserID) (access.Explanation, error) {
	e := d.dry
	e.For = who
	return e, d.note("explain %s %s %s", by, vm, who)
}

const (
	adaID     = slacksim.DemoEngineerID
	graceID   = slacksim.DemoApproverID
	linusID   = slacksim.DemoApprover2ID
	gusID     = slacksim.DemoGuestID
	approvals = slacksim.DemoChannelID
)

// fakeService is the service of these tests: grants in a map, the domain's own
// transitions, a script of faults.
type fakeService struct {
	mu        sync.Mutex
	people    *bot.People
	grants    map[jit.ID]jit.Grant
	calls     []string
	fail      error             // of every call but Known
	offer     access.Offer      // at every VM
	vms       []jit.VM          // that a search finds
	last      jit.Request       // of everybody
	unknown   string            // a VM that there is not
	listed    []access.ListedVM // that a list of VMs shows
	more      bool              // there are others
	results   []access.VMResult // of protecting and unprotecting
	protected []jit.PortPolicy
	refuse    error           // of every offer
	found     []reach.Finding // of a scan
	dry       access.Explanation
	slow      chan struct{} // when not nil, offers wait for it
	hold      chan struct{} // when not nil, changes wait for it
	holding   chan struct{} // told of each that waits
}

func (d *fakeService) note(format string, args ...any) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, fmt.Sprintf(format, args...))
	return d.fail
}

func (d *fakeService) noted(prefix string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, c := range d.calls {
		if strings.HasPrefix(c, prefix) {
			n++
		}
	}
	return n
}

func (d *fakeService) Known(ctx context.Context, by jit.UserID) error {
	m, err := d.people.Member(ctx, by)
	if err != nil {
		return err
	}
	if m.Guest || m.Bot || m.Gone || m.Stranger || m.Invited {
		return jit.Refuse(jit.ErrAuthority, "Guests cannot use jitbot; ask a full member of this workspace.")
	}
	return nil
}

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

func (d *fakeService) wait(ctx context.Context) error {
	d.mu.Lock()
	hold := d.hold
	d.mu.Unlock()
	if hold == nil {
		return nil
	}
	d.holding <- struct{}{}
	select {
	case <-hold:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
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

func (d *fakeService) List(_ context.Context, by jit.UserID, all bool) ([]access.ListedGrant, error) {
	if err := d.note("list %s %v", by, all); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []access.ListedGrant
	for _, id := range slices.Sorted(maps.Keys(d.grants)) {
		g := d.grants[id]
		if mine := g.Request.By.ID == by; mine || all {
			out = append(out, access.ListedGrant{Grant: g, Mine: mine, Approver: by == graceID})
		}
	}
	return out, nil
}

func (d *fakeService) Concerns(ctx context.Context, by jit.UserID) ([]access.ListedGrant, error) {
	if err := d.Known(ctx, by); err != nil {
		return nil, err
	}
	return d.List(ctx, by, true)
}

func (d *fakeService) Search(ctx context.Context, by jit.UserID, text string, limit int) ([]jit.VM, error) {
	if err := d.Known(ctx, by); err != nil {
		return nil, err
	}
	var out []jit.VM
	for _, vm := range d.vms {
		if len(out) < limit && strings.Contains(vm.Group+"/"+vm.Name, text) {
			out = append(out, vm)
		}
	}
	return out, nil
}

func (d *fakeService) Offer(ctx context.Context, by jit.UserID, words []string) (access.Offer, error) {
	d.mu.Lock()
	o, slow, no := d.offer, d.slow, d.refuse
	d.mu.Unlock()
	if no != nil {
		return access.Offer{}, no
	}
	if slow != nil {
		select {
		case <-slow:
		case <-ctx.Done():
			return o, ctx.Err()
		}
	}
	if err := d.Known(ctx, by); err != nil {
		return o, err
	}
	for _, word := range words {
		group, name, split := strings.Cut(word, "/")
		if !split {
			group, name = "rg", word
		}
		if name == d.unknown {
			return access.Offer{}, jit.Refuse(jit.ErrNotFound, "There is no VM called %s; did you mean %s?", name, "web-1")
		}
		vm := jit.VM{ID: "/vm/" + name, Name: name, Group: group}
		for _, known := range d.vms {
			if known.Name == name || known.ID == word {
				vm = known
			}
		}
		o.VMs = append(o.VMs, vm)
	}
	return o, nil
}

func (d *fakeService) VMs(_ context.Context, by jit.UserID, text string, limit int) ([]access.ListedVM, bool, error) {
	return d.listed, d.more, d.note("vms %s %q %d", by, text, limit)
}

// Admin is Grace and nobody else.
func (d *fakeService) Admin(_ context.Context, by jit.UserID) error {
	if by == graceID {
		return nil
	}
	return jit.Refuse(jit.ErrAuthority, "Only admins may protect and unprotect.")
}

func (d *fakeService) Protect(ctx context.Context, by jit.UserID, words []string, ports []jit.PortPolicy) ([]access.VMResult, error) {
	if err := d.Admin(ctx, by); err != nil {
		return nil, err
	}
	err := d.note("protect %s %v", by, words)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.protected = ports
	return d.results, err
}

func (d *fakeService) Unprotect(ctx context.Context, by jit.UserID, words []string) ([]access.VMResult, error) {
	if err := d.Admin(ctx, by); err != nil {
		return nil, err
	}
	return d.results, d.note("unprotect %s %v", by, words)
}

func (d *fakeService) Recent(context.Context, jit.UserID) (jit.Request, bool, error) {
	return d.last, len(d.last.Targets) > 0, nil
}

// simple is the offer of one port from one address: nothing is left to ask.
func simple() access.Offer {
	return access.Offer{
		Ports:    []jit.PortPolicy{{Ports: jit.Ports{From: 22, To: 22, Protocol: jit.TCP}, Sources: from("203.0.113.7/32"), Shortest: 5 * time.Minute, Longest: 3 * time.Hour}},
		Sources:  from("203.0.113.7/32"),
		Shortest: 5 * time.Minute, Longest: 3 * time.Hour,
	}
}

func (d *fakeService) put(g jit.Grant) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.grants[g.ID] = g
}
