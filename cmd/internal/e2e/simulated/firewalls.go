package simulated

import (
	"net/netip"
	"strings"
)

// ForeignFirewalls is everything in firewalls and policies that is not ours.
func (w *World) ForeignFirewalls() string {
	var b strings.Builder
	for _, id := range w.Azure.Firewalls() {
		b.WriteString(w.Azure.DumpFirewall(id, func(name string) bool { return strings.HasPrefix(name, "jitbot-prod-") }))
	}
	for _, id := range w.Azure.FirewallPolicies() {
		b.WriteString(w.Azure.DumpFirewallPolicy(id, func(name string) bool { return name == "jitbot-prod" }))
	}
	return b.String()
}

// Firewalls is everything in firewalls and policies.
func (w *World) Firewalls() string {
	var b strings.Builder
	for _, id := range w.Azure.Firewalls() {
		b.WriteString(w.Azure.DumpFirewall(id, nil))
	}
	for _, id := range w.Azure.FirewallPolicies() {
		b.WriteString(w.Azure.DumpFirewallPolicy(id, nil))
	}
	return b.String()
}

// Connects reports whether a packet of TCP from the source reaches the port of the VM.
func (w *World) Connects(vm, source string, port int) bool {
	ok, _ := w.Azure.Path(vm, netip.MustParseAddr(source), port, "Tcp")
	return ok
}
