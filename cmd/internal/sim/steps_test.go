package sim_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/protection"
)

// machine draws one that was not deleted.
func (k *walk) machine(label string) (string, bool) {
	all := k.twin.VMs()
	if len(all) == 0 {
		return "", false
	}
	return nameOf(all[rapid.IntRange(0, len(all)-1).Draw(k.draw, label)].ID), true
}

func nameOf(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

// answered fails the case on an answer that is no refusal, while Azure is well.
func (k *walk) answered(what string, err error) bool {
	k.T.Helper()
	if err != nil && !k.faulty && !errors.As(err, new(*jit.Refusal)) {
		k.T.Fatalf("%s: %v", what, err)
	}
	if err != nil {
		k.draw.Logf("%s: %v", what, err)
	}
	return err == nil
}

func (k *walk) protectSome() {
	vm, there := k.machine("protect")
	if !there {
		return
	}
	var ports []jit.PortPolicy
	if seldom(k.draw, "ports of the form", 3) {
		ports = drawPorts(k.draw)
	}
	results, err := k.Service.Protect(k.T.Context(), simulated.Carol, []string{vm}, ports)
	if !k.answered("protect", err) {
		return
	}
	for _, r := range results {
		if k.answered("protect "+r.VM.Name, r.Err) && !k.faulty {
			k.shut = r.VM.ID
		}
	}
}

func (k *walk) protections() []protection.Protection {
	locks, err := k.Store.Protections(k.T.Context())
	if err != nil {
		k.T.Fatal(err)
	}
	return locks
}

func (k *walk) unprotectOne() {
	locks := k.protections()
	k.unprotect(locks[rapid.IntRange(0, len(locks)-1).Draw(k.draw, "unprotect")].Name)
}

func (k *walk) unprotect(vm string) {
	results, err := k.Service.Unprotect(k.T.Context(), simulated.Carol, []string{vm})
	if !k.answered("unprotect", err) {
		return
	}
	for _, r := range results {
		k.answered("unprotect "+r.VM.Name, r.Err)
	}
}

// askSome asks for one or two machines, and mostly has it approved.
func (k *walk) askSome() {
	vm, there := k.machine("ask for")
	if !there {
		return
	}
	ask := jit.Ask{VMs: []string{vm}, Reason: "mend the index", Duration: some(k.draw, "duration", 2*time.Minute, 10*time.Minute, 3*time.Hour)}
	if other, _ := k.machine("and for"); seldom(k.draw, "for two", 4) {
		ask.VMs = append(ask.VMs, other)
	}
	offer := k.offer(vm)
	for range some(k.draw, "ports", 1, 1, 2) {
		p := offer[rapid.IntRange(0, len(offer)-1).Draw(k.draw, "port")].Ports
		if p.To > p.From {
			p.From += uint16(rapid.IntRange(0, 2).Draw(k.draw, "part"))
		}
		ask.Ports = append(ask.Ports, jit.Ports{From: p.From, To: p.To})
	}
	for range some(k.draw, "sources", 1, 1, 2) {
		ask.Sources = append(ask.Sources, netip.MustParsePrefix(some(k.draw, "from", k.network.clients...)))
	}
	grants, err := k.Service.Ask(k.T.Context(), simulated.Ada, k.Key(), ask)
	if !k.answered("ask", err) {
		return
	}
	for _, g := range grants {
		g, err := k.Service.Check(k.T.Context(), g.ID)
		if err != nil && !k.faulty && !k.refusable(ask) {
			k.T.Errorf("%+v was refused: %v", ask, err)
		}
		if !k.answered("check", err) || seldom(k.draw, "left waiting", 8) {
			continue
		}
		if k.approveOne(g) {
			k.granted = g.ID
		}
	}
}

// offer is what may be asked for at a machine.
func (k *walk) offer(vm string) []jit.PortPolicy {
	for _, p := range k.protections() {
		if p.Name == vm && p.State != protection.Unprotecting {
			return p.Ports
		}
	}
	return k.Config.Policies[0].Ports
}

// open are the grants that somebody could end.
func (k *walk) open() []jit.Grant {
	return slices.DeleteFunc(k.unfinished(), func(g jit.Grant) bool { return g.State != jit.Open && g.State != jit.Opening })
}

// endOne ends one, by its holder or an approver.
func (k *walk) endOne() {
	open := k.open()
	g := open[rapid.IntRange(0, len(open)-1).Draw(k.draw, "which")]
	var err error
	if seldom(k.draw, "revoked", 2) {
		_, err = k.Service.Revoke(k.T.Context(), simulated.Alan, g.ID, "not now")
	} else {
		_, err = k.Service.Done(k.T.Context(), simulated.Ada, g.ID)
	}
	k.answered("end "+string(g.ID), err)
}

func (k *walk) unfinished() []jit.Grant {
	grants, err := k.Store.Unfinished(k.T.Context())
	if err != nil {
		k.T.Fatal(err)
	}
	slices.SortFunc(grants, func(a, b jit.Grant) int { return strings.Compare(a.Request.Key, b.Request.Key) })
	return grants
}
