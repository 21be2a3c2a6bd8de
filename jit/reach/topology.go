package reach

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"jitbot/jit"
	"jitbot/jit/rules"
	"jitbot/jit/text"
)

// TopologyReader reads what is around virtual machines.
type TopologyReader interface {
	// Topology reads what is around each of the VMs, by VM id in lower
	// case. It reads lists: many VMs cost no more requests than one. A VM about
	// whose network nothing was found is left out.
	Topology(ctx context.Context, vms []jit.VM) (map[string]Topology, error)
	// AdminRules are the security admin rules on a virtual network, as they were at
	// most a minute ago.
	AdminRules(ctx context.Context, network string) ([]AdminRule, error)
}

// Unexamined says what is on the way and is not looked at, or cannot be resolved.
func (t Topology) Unexamined() []string {
	out := slices.Clone(t.Unresolved)
	for _, hop := range t.Appliances {
		out = append(out, fmt.Sprintf("The routes of its subnet lead to the virtual appliance %s: "+
			"a firewall is on the route and is not looked at yet.", hop))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Unknown is Unexamined, with the rules of firewalls that may lead to the VM.
func (t Topology) Unknown() []string {
	out := t.Unexamined()
	for _, h := range t.ToHosts {
		out = append(out, text.Capital(h.text())+".")
	}
	return out
}

// Topology is what is around a VM and decides, beside the rules of its
// guards, who reaches it. The zero value knows nothing: whatever would need it
// is then unknown, never guessed.
type Topology struct {
	// VirtualNetwork is the address space of the VM's virtual network; empty
	// when it was not read.
	VirtualNetwork []netip.Prefix
	// Peers, OnPremises and Routed are what the tag VirtualNetwork holds
	// beside it: the spaces of peered networks, those behind a gateway, and
	// the prefixes of the subnet's user-defined routes. Of a default route
	// Azure says only that the tag "might" contain it, so it stays unknown.
	// https://learn.microsoft.com/azure/virtual-network/service-tags-overview
	Peers, OnPremises, Routed []netip.Prefix
	// Learned says that a gateway learns routes, or that what lies behind it was
	// not read, so that private addresses outside of these prefixes may be
	// inside too.
	Learned bool
	// Interfaces are all network interfaces of the virtual network and its
	// peers, for who is in an application security group; nil when they were
	// not read.
	Interfaces []jit.Interface
	// Fronts are the public addresses and load balancers before the VM.
	Frontends []Frontend
	// Firewalls are those that traffic to the VM can pass.
	Firewalls []Firewall
	// Appliances are the next hops, in the routes of the VM's subnets, that may
	// be firewalls and are none of Firewalls: what they do is not known.
	Appliances []netip.Addr
	// Manifold says that a route of the VM's subnets leads to what is not known:
	// a kind of next hop that is new, or several at once.
	Manifold bool
	// ToHosts are DNAT rules of firewalls in the VM's network or a peer of it that
	// lead to a host name, which may be the VM's.
	ToHosts []HostRule
	// AdminRules are those of Virtual Network Manager on the VM's networks.
	AdminRules []AdminRule
	// AdminRulesUnread is why not all of them are known; nil when they were read.
	AdminRulesUnread error
	// Unresolved are sentences on what else leads to the VM, or may, and is not
	// known.
	Unresolved []string
}

// HostRule is a DNAT rule that leads to a host name.
type HostRule struct {
	Firewall Firewall // its name and subnet
	Rule     rules.Rule
}

// passesUnexamined reports whether packets may pass something on the route that
// is not looked at.
func (t Topology) passesUnexamined() bool { return len(t.Appliances) > 0 || t.Manifold }

// Frontend is a public address or a load balancer before a private address of the
// VM. Azure asks the guards after its translation: they see the client and the
// VM's own port.
type Frontend struct {
	Name   string
	Public string        // the public address, empty for an internal load balancer
	To     netip.Addr    // the VM's address behind it
	Basic  bool          // of the retired Basic kind, which is open where no guard is
	Unread bool          // in no list that could be read: Public is its name, and of which kind it is is not known
	Ports  []PortMapping // a load balancer's rules; empty for a public address, which changes no port
}

// PortMapping is a load balancing or inbound NAT rule: a port that a load balancer
// translates.
type PortMapping struct {
	FrontendPort uint16    // what clients connect to
	FrontendLast uint16    // the last such port, where it is one of several and which is not told; 0: FrontendPort
	BackendPorts jit.Ports // the VM's port
}

// Firewall is an Azure Firewall on the way to the VM, with the rules of its
// classic collections or of its policy.
type Firewall struct {
	Name    string
	Subnets []netip.Prefix // of AzureFirewallSubnet: the sources that the VM sees after a translation
	// Routed are the sources whose traffic to the VM's own address passes the
	// firewall, by the routes of both sides.
	Routed []netip.Prefix
	// Hides are the VM's addresses that see the firewall as the source also of what
	// its network rules let through; of MayHide it is not known.
	Hides, MayHide []netip.Addr
	// DNATRules are in the order in which they are evaluated:
	// Destinations and Ports are the public side, To is where they lead.
	DNATRules []rules.Rule
	// NetworkRules are in the order in which they are evaluated: groups, then
	// collections. Priority is that of the collection.
	NetworkRules []rules.Rule
}
