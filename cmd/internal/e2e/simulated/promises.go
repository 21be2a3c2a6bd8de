package simulated

import (
	"net/netip"
	"strings"

	"jitbot/jit/rules"
)

// Ours counts the rules of ours in all guards.
func (w *World) Ours() int {
	n := 0
	for _, nsg := range w.Azure.NSGs() {
		for _, r := range w.Azure.Rules(nsg) {
			if IsOurs(r.Name) {
				n++
			}
		}
	}
	return n
}

// IsOurs says it by the name alone; the noise takes no whole name of ours.
func IsOurs(name string) bool {
	n, ok := rules.ParseRuleName(name)
	return ok && n.Installation == "prod"
}

// Foreign is every rule that is not ours, byte for byte.
func (w *World) Foreign() string {
	var b strings.Builder
	for _, nsg := range w.Azure.NSGs() {
		b.WriteString(nsg + "\n" + w.Azure.DumpRules(nsg, IsOurs))
	}
	return b.String()
}

// Reachable reports whether SSH of the VM can be reached from the address, by the
// NSGs alone.
func (w *World) Reachable(vm, source string) bool {
	ok, _ := w.Azure.Reachable(vm, netip.MustParseAddr(source), 22, "Tcp")
	return ok
}

// CheckPromises checks what must hold after every life: each rule of ours belongs
// to a live grant, foreign rules are as before, and the record is one chain.
func (w *World) CheckPromises(foreign string) {
	w.T.Helper()
	if got := w.Foreign(); got != foreign {
		w.T.Errorf("foreign rules changed:\n%s\nwere:\n%s", got, foreign)
	}
	for _, nsg := range w.Azure.NSGs() {
		for _, r := range w.Azure.Rules(nsg) {
			n, _ := rules.ParseRuleName(r.Name)
			if !IsOurs(r.Name) {
				continue
			}
			if n.Grant == "" {
				if protections, err := w.Store.ProtectionsAt(w.T.Context(), nsg); err != nil || len(protections) == 0 {
					w.T.Errorf("deny %s has no protection: %v", r.Name, err)
				}
				continue
			}
			if g, err := w.Store.Grant(w.T.Context(), n.Grant); err != nil || !g.State.Live() {
				w.T.Errorf("rule %s has no live grant: %v %s", r.Name, err, g.State)
			}
		}
	}
	if err := w.Store.Verify(w.T.Context()); err != nil {
		w.T.Error(err)
	}
}
