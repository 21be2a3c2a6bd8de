package simulated

import (
	"net/netip"
	"strings"
	"time"

	"jitbot/jit/azure/azuresim"
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

// CoreSubnet is the one of the demo's hub that its firewall is before.
const CoreSubnet = azuresim.DemoHubGroup + "/providers/Microsoft.Network/virtualNetworks/edge-vnet/subnets/core"

// AddFirewalls adds the demo's firewalls, each of whose changes takes five minutes.
func (w *World) AddFirewalls() {
	azuresim.SeedFirewalls(w.Azure)
	w.Azure.Configure(func(s *azuresim.Settings) { s.FirewallTime = 5 * time.Minute })
	w.Told.MayBeLate(11 * time.Minute) // a repair takes two changes: one that runs, and its own
	w.Config.FirewallWithin = 10 * time.Minute
	w.Config.Policies[0].Ports[1].Sources = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
}
