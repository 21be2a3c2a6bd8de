package sim_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
)

const patience = 8 * time.Second // people wait this long for an answer

// failingStore is a store that takes no change of a grant while it fails.
type failingStore struct {
	simulated.Store
	fails interface{ Load() bool }
}

func (s failingStore) Update(ctx context.Context, id jit.ID, f func(jit.Grant) (jit.Grant, []jit.Event, error)) (jit.Grant, error) {
	if s.fails.Load() {
		return jit.Grant{}, errors.New("no space left on device")
	}
	return s.Store.Update(ctx, id, f)
}

// impatient runs what somebody asks for.
func (h *hostile) impatient(what string, do func(ctx context.Context) error) bool {
	if !h.running {
		return false
	}
	ctx, cancel := context.WithTimeout(h.T.Context(), patience)
	defer cancel()
	err := do(ctx)
	h.draw.Logf("%s: %s: %v", time.Now().Format(time.TimeOnly), what, err)
	return err == nil
}

// people do something: more often than not they ask for access.
func (h *hostile) people() {
	do := map[string]func(){"ask": h.ask, "end": h.endOne, "protect": h.protect, "unprotect": h.unprotect, "move": h.moveOne}
	do[some(h.draw, "people", "ask", "ask", "end", "move", "protect", "protect", "unprotect")]()
}

// ask asks for one or two machines.
func (h *hostile) ask() {
	var asked []string
	for range some(h.draw, "machines", 1, 1, 2) {
		if name := h.drawMachine("ask for"); name != "" && !slices.Contains(asked, name) {
			asked = append(asked, name)
		}
	}
	h.askFor(asked)
}

// askBehind asks for all machines behind an NSG, or ends a grant.
func (h *hostile) askBehind(nsg string) {
	if !seldom(h.draw, "ask", 2) {
		h.endOne()
		return
	}
	var all []string
	for _, vm := range h.machines() {
		if slices.Contains(h.guardsOf(vm), nsg) {
			all = append(all, nameOf(vm.ID))
		}
	}
	h.askFor(all)
}

// askFor asks for SSH on machines and has it approved. Whoever approves means
// it, whatever the answer is.
func (h *hostile) askFor(names []string) {
	if len(names) == 0 {
		return
	}
	a := &access{
		machines: map[string]int{}, from: netip.MustParseAddr(some(h.draw, "from", fromAda, fromBob)),
		duration: some(h.draw, "duration", time.Minute, 90*time.Second, 3*time.Minute),
	}
	ask := jit.Ask{
		Ports: []jit.Ports{{From: 22, To: 22}}, Duration: a.duration, Reason: "mend the index",
		VMs: names, Sources: []netip.Prefix{netip.PrefixFrom(a.from, 32)},
	}
	for _, name := range names {
		a.machines[name] = h.generation[name]
	}
	h.impatient("ask for "+strings.Join(names, " and ")+" from "+a.from.String(), func(ctx context.Context) error {
		grants, err := h.Service.Ask(ctx, simulated.Ada, h.Key(), ask)
		if err != nil {
			return err
		}
		a.id = grants[0].ID
		h.mu.Lock()
		h.grants[a.id] = a
		h.mu.Unlock()
		if _, err := h.Service.Check(ctx, a.id); err != nil {
			return err
		}
		h.draw.Logf("%s: %s is approved", time.Now().Format(time.TimeOnly), a.id)
		_, err = h.Service.Approve(ctx, simulated.Grace, a.id)
		return err
	})
}

// anOpen is one of the open grants that are wanted; false when there is none.
func (h *hostile) anOpen(wanted func(*access) bool) (jit.ID, bool) {
	h.mu.Lock()
	var open []jit.ID
	for id, a := range h.grants {
		if a.ended.IsZero() && a.state == jit.Open && wanted(a) {
			open = append(open, id)
		}
	}
	h.mu.Unlock()
	if len(open) == 0 {
		return "", false
	}
	slices.Sort(open)
	return some(h.draw, "which", open...), true
}

// endOne ends a grant; it is over when that was answered.
func (h *hostile) endOne() {
	id, ok := h.anOpen(func(a *access) bool { return true })
	if !ok {
		return
	}
	if h.impatient("end "+string(id), func(ctx context.Context) error {
		_, err := h.Service.Done(ctx, simulated.Ada, id)
		return err
	}) {
		h.mu.Lock()
		h.grants[id].ended = time.Now()
		h.mu.Unlock()
	}
}

// moveOne moves a grant from one address to the other. Until it was told what came of it
// either may get in, but for what was refused.
func (h *hostile) moveOne() {
	id, ok := h.anOpen(func(a *access) bool { return !a.to.IsValid() })
	if !ok {
		return
	}
	h.mu.Lock()
	a := h.grants[id]
	if a.to = netip.MustParseAddr(fromAda); a.from == a.to {
		a.to = netip.MustParseAddr(fromBob)
	}
	a.asking = h.running
	to := netip.PrefixFrom(a.to, 32)
	h.mu.Unlock()
	refused := !h.running
	h.impatient("move "+string(id)+" to "+to.String(), func(ctx context.Context) error {
		_, err := h.Service.Move(ctx, simulated.Ada, id, to)
		refused = errors.As(err, new(*jit.Refusal))
		return err
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	if a.asking = false; refused {
		a.to = netip.Addr{}
	}
}

func (h *hostile) protect() {
	name := h.drawMachine("protect")
	if name == "" {
		return
	}
	h.impatient("protect "+name, func(ctx context.Context) error {
		results, err := h.Service.Protect(ctx, simulated.Carol, []string{name}, nil)
		if err != nil {
			return err
		}
		return results[0].Err
	})
}

// unprotect opens a machine again to whom other people's rules let in; whether
// it was answered or not, nobody holds it to be protected then.
func (h *hostile) unprotect() {
	name := h.drawMachine("unprotect")
	if name == "" {
		return
	}
	h.mu.Lock()
	for _, nic := range h.vm(name).NICs {
		delete(h.protected, nic)
	}
	h.mu.Unlock()
	h.impatient("unprotect "+name, func(ctx context.Context) error {
		results, err := h.Service.Unprotect(ctx, simulated.Carol, []string{name})
		if err != nil {
			return err
		}
		return results[0].Err
	})
}

// drawMachine is the name of a machine, empty when none is left.
func (h *hostile) drawMachine(label string) string {
	if names := h.names(); len(names) > 0 {
		return some(h.draw, label, names...)
	}
	return ""
}

// names are those of all machines.
func (h *hostile) names() []string {
	var all []string
	for _, vm := range h.machines() {
		all = append(all, nameOf(vm.ID))
	}
	return all
}
