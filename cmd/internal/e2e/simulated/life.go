package simulated

import (
	"fmt"
	"net/netip"
	"time"

	"jitbot/jit"
)

// Ask asks for SSH on a VM and has it checked.
func (w *World) Ask(by jit.UserID, d time.Duration, vms ...string) (jit.Grant, error) {
	w.T.Helper()
	return w.AskFrom(by, d, "203.0.113.7/32", vms...)
}

// AskFrom is Ask from another source, a prefix.
func (w *World) AskFrom(by jit.UserID, d time.Duration, source string, vms ...string) (jit.Grant, error) {
	w.T.Helper()
	grants, err := w.Service.Ask(w.T.Context(), by, w.Key(), jit.Ask{
		VMs: vms, Ports: []jit.Ports{{From: 22, To: 22}}, Duration: d,
		Sources: []netip.Prefix{netip.MustParsePrefix(source)}, Reason: "mend the index",
	})
	if err != nil {
		return jit.Grant{}, err
	}
	return w.Service.Check(w.T.Context(), grants[0].ID)
}

// Key is that of a delivery which came once.
func (w *World) Key() string {
	w.asked++
	return fmt.Sprint("ask ", w.asked)
}

// Open brings a grant to life and returns it open.
func (w *World) Open(d time.Duration, vms ...string) jit.Grant {
	w.T.Helper()
	g, err := w.Ask(Ada, d, vms...)
	if err != nil {
		w.T.Fatalf("asking: %v", err)
	}
	if _, err := w.Service.Approve(w.T.Context(), Grace, g.ID); err != nil {
		w.T.Fatalf("approving: %v", err)
	}
	w.Pass(20 * time.Second)
	return w.Want(g.ID, jit.Open)
}

// Grant reads a grant.
func (w *World) Grant(id jit.ID) jit.Grant {
	w.T.Helper()
	g, err := w.Store.Grant(w.T.Context(), id)
	if err != nil {
		w.T.Fatal(err)
	}
	return g
}

// Want reads a grant that must be in the state.
func (w *World) Want(id jit.ID, state jit.State) jit.Grant {
	w.T.Helper()
	g := w.Grant(id)
	if g.State != state {
		w.T.Fatalf("%s is %s (%s), want %s; paths %+v", id, g.State, g.Decision.Reason, state, g.Paths)
	}
	return g
}

// Kinds lists the record of a grant.
func (w *World) Kinds(id jit.ID) []jit.EventKind {
	w.T.Helper()
	events, err := w.Store.Events(w.T.Context(), 0, 100000)
	if err != nil {
		w.T.Fatal(err)
	}
	var out []jit.EventKind
	for _, e := range events {
		if e.Grant == id {
			out = append(out, e.Kind)
		}
	}
	return out
}
