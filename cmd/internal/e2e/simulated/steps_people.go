package simulated

import (
	"errors"
	"time"

	"jitbot/jit"
	"jitbot/jit/protection"
	"jitbot/jit/reach"
)

func (w *World) OpenFrom(source, vm string) jit.Grant {
	w.T.Helper()
	g, err := w.AskFrom(Ada, 2*time.Hour, source, vm)
	if err != nil {
		w.T.Fatal(err)
	}
	if _, err := w.Service.Approve(w.T.Context(), Grace, g.ID); err != nil {
		w.T.Fatal(err)
	}
	w.Pass(20 * time.Second)
	return w.Want(g.ID, jit.Open)
}

// Events lists what the record has of a kind.
func (w *World) Events(kind jit.EventKind) []jit.Event {
	w.T.Helper()
	events, err := w.Store.Events(w.T.Context(), 0, 100000)
	if err != nil {
		w.T.Fatal(err)
	}
	var out []jit.Event
	for _, e := range events {
		if e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}

// Protect protects VMs as an admin does and waits until it is in force.
func (w *World) Protect(vms ...string) {
	w.T.Helper()
	results, err := w.Service.Protect(w.T.Context(), Carol, vms, nil)
	if err != nil {
		w.T.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			w.T.Fatalf("protecting %s: %v", r.VM.Name, r.Err)
		}
	}
	w.Pass(20 * time.Second)
}

func (w *World) IsProtected(vm string) bool {
	w.T.Helper()
	p, err := w.Store.Protection(w.T.Context(), vm)
	if err != nil && !errors.Is(err, jit.ErrNotFound) {
		w.T.Fatal(err)
	}
	return p.State == protection.Protected
}

// Approved asks for SSH and has it approved; nothing is waited for.
func (w *World) Approved(vms ...string) jit.Grant {
	w.T.Helper()
	g, err := w.Ask(Ada, time.Hour, vms...)
	if err != nil {
		w.T.Fatal(err)
	}
	if g, err = w.Service.Approve(w.T.Context(), Grace, g.ID); err != nil {
		w.T.Fatal(err)
	}
	return g
}

// Texts lists the texts of a kind of event.
func (w *World) Texts(kind jit.EventKind) []string {
	w.T.Helper()
	events, err := w.Store.Events(w.T.Context(), 0, 100000)
	if err != nil {
		w.T.Fatal(err)
	}
	var out []string
	for _, e := range events {
		if e.Kind == kind {
			out = append(out, e.Text)
		}
	}
	return out
}

// Scan gives the postures that somebody sees, by VM name, and the names in
// order.
func (w *World) Scan(by jit.UserID) (postures map[string]reach.Posture, order []string) {
	w.T.Helper()
	findings, more, err := w.Service.Scan(w.T.Context(), by)
	if err != nil || more {
		w.T.Fatalf("scan by %s: %v, more %t", by, err, more)
	}
	postures = map[string]reach.Posture{}
	for _, f := range findings {
		postures[f.VM.Name] = f.Posture
		order = append(order, f.VM.Name)
		if f.Admin != (by == Carol) {
			w.T.Errorf("%s by %s: admin %t", f.VM.Name, by, f.Admin)
		}
	}
	return postures, order
}

// ApprovedFrom asks and approves.
func (w *World) ApprovedFrom(d time.Duration, source, vm string) jit.Grant {
	w.T.Helper()
	g, err := w.AskFrom(Ada, d, source, vm)
	if err != nil {
		w.T.Fatal(err)
	}
	if g, err = w.Service.Approve(w.T.Context(), Grace, g.ID); err != nil {
		w.T.Fatal(err)
	}
	return g
}
