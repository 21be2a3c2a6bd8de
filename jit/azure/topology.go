package azure

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit"
)

// scenery is what was listed of what is around virtual machines.
type scenery struct {
	*edges
	nics      []*armnetwork.Interface
	balancers []*armnetwork.LoadBalancer
	beyond    map[string]beyond // what lies behind the gateways of networks

	// Joined from those.
	grouped []jit.Interface
	private map[string]place // of IP configurations
	fronts  map[netip.Addr][]front
	walls   map[string]jit.Firewall // by firewall, without what is routed through it
}

// place is where an IP configuration is.
type place struct {
	network string
	addr    netip.Addr
}

// front is what is before an address of a network: private addresses are
// unique in one network only.
type front struct {
	network string
	jit.Front
}

// Surroundings reads what is around the VMs: the spaces of their networks and
// of the peers, the routes of their subnets, who is in an application security
// group, public addresses, load balancers and firewalls with their rules. It
// lists interfaces, networks, route tables, load balancers, public addresses
// and firewalls of the configured subscriptions, six lists each, and reads the
// firewalls' policies and the gateways on the way.
// Interfaces of scale sets are in no list and so in no group here.
// https://learn.microsoft.com/rest/api/virtualnetwork/route-tables/list-all
func (c *Client) Surroundings(ctx context.Context, vms []jit.VM) (map[string]jit.Surroundings, error) {
	p := &scenery{edges: newEdges(), private: map[string]place{}, fronts: map[netip.Addr][]front{}, beyond: map[string]beyond{}, walls: map[string]jit.Firewall{}}
	err := c.listAll(ctx, listing{"interfaces", p.listInterfaces}, listing{"networks", p.listNetworks}, listing{"route tables", p.listRoutes},
		listing{"load balancers", p.listBalancers}, listing{"public addresses", p.listPublics}, listing{"firewalls", c.listFirewalls(p.edges)})
	if err == nil {
		err = c.readPolicies(ctx, p.edges)
	}
	if err != nil {
		return nil, err
	}
	p.joinInterfaces()
	p.joinBalancers()
	c.readGateways(ctx, p, vms)
	out := map[string]jit.Surroundings{}
	for _, vm := range vms {
		out[strings.ToLower(vm.ID)] = p.around(vm)
	}
	return out, nil
}

func (p *scenery) listInterfaces(ctx context.Context, s *subscription) error {
	return pages(ctx, s.nics.NewListAllPager(nil), func(page armnetwork.InterfacesClientListAllResponse) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.nics = append(p.nics, page.Value...)
	})
}

func (p *scenery) listBalancers(ctx context.Context, s *subscription) error {
	return pages(ctx, s.balancers.NewListAllPager(nil), func(page armnetwork.LoadBalancersClientListAllResponse) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.balancers = append(p.balancers, page.Value...)
	})
}

// around is what of all that is around one VM.
func (p *scenery) around(vm jit.VM) jit.Surroundings {
	s := jit.Surroundings{Interfaces: p.grouped}
	seen := map[string]bool{}
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			subnet := strings.ToLower(a.Subnet)
			network, _, _ := strings.Cut(subnet, "/subnets/")
			p.addFronts(&s, network, a.Addr)
			if seen[subnet] || p.networks[network] == nil {
				continue
			}
			if !seen[network] {
				addNetwork(&s, p.networks[network])
				p.addBeyond(&s, p.networks[network])
			}
			p.addRoutes(&s, p.networks[network], subnet)
			seen[network], seen[subnet] = true, true
		}
	}
	p.addFirewalls(&s, vm)
	slices.SortFunc(s.Fronts, func(a, b jit.Front) int { return strings.Compare(a.Name+" "+a.Public, b.Name+" "+b.Public) })
	return s
}

func (p *scenery) addFronts(s *jit.Surroundings, network string, to netip.Addr) {
	for _, f := range p.fronts[to] {
		if f.network == network {
			s.Fronts = append(s.Fronts, f.Front)
		}
	}
}

// addNetwork adds the network's own space and that of its peers.
func addNetwork(s *jit.Surroundings, n *armnetwork.VirtualNetwork) {
	s.VirtualNetwork = append(s.VirtualNetwork, spaceOf(n.Properties.AddressSpace)...)
	for _, v := range connected(n) {
		s.Peers = append(s.Peers, spaceOfPeer(v)...)
	}
}

// addRoutes adds the prefixes of the subnet's own routes, and the appliances
// that they lead to and that are no firewall of Azure's whose rules were read.
func (p *scenery) addRoutes(s *jit.Surroundings, n *armnetwork.VirtualNetwork, id string) {
	for _, route := range p.ownRoutes(n, id) {
		s.Routed = append(s.Routed, prefixes(value(route.AddressPrefix))...)
		hop, err := netip.ParseAddr(value(route.NextHopIPAddress))
		if err != nil || value(route.NextHopType) != armnetwork.RouteNextHopTypeVirtualAppliance || slices.Contains(s.Appliances, hop) || p.isFirewall(n, hop) {
			continue
		}
		s.Appliances = append(s.Appliances, hop)
	}
}

// isFirewall reports whether a firewall in the network or in a peer of it has
// the address, one whose rules were read.
func (p *scenery) isFirewall(n *armnetwork.VirtualNetwork, hop netip.Addr) bool {
	near := append(peersOf(n), strings.ToLower(value(n.ID)))
	return slices.ContainsFunc(p.firewalls, func(f firewall) bool {
		_, network, private := f.place()
		return private == hop && slices.Contains(near, network) && p.knows(f.Properties.Policy.ID)
	})
}

// addFirewalls adds those before any address of the VM.
func (p *scenery) addFirewalls(s *jit.Surroundings, vm jit.VM) {
	at := map[string]int{}
	for _, g := range p.allGateways(vm) {
		if !p.knows(g.Policy) {
			continue // one of the appliances
		}
		i, known := at[g.Firewall]
		if !known {
			i = len(s.Firewalls)
			at[g.Firewall] = i
			if _, read := p.walls[g.Firewall]; !read {
				p.walls[g.Firewall] = p.firewallOf(g)
			}
			s.Firewalls = append(s.Firewalls, p.walls[g.Firewall]) // hundreds of VMs share its rules
		}
		fw := &s.Firewalls[i]
		for _, r := range g.Routed {
			if !slices.Contains(fw.Routed, r) {
				fw.Routed = append(fw.Routed, r)
			}
		}
	}
}

func (p *scenery) allGateways(vm jit.VM) []jit.Gateway {
	var out []jit.Gateway
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			out = append(out, p.gateways(a)...)
		}
	}
	return out
}

func (p *scenery) firewallOf(g jit.Gateway) jit.Firewall {
	out := jit.Firewall{Subnet: g.Subnet}
	for _, f := range p.firewalls {
		if f.ID != g.Firewall {
			continue
		}
		out.Name = f.Name
		for _, r := range p.rulesOf(f) {
			if r.To.IsValid() {
				out.Translations = append(out.Translations, r)
			} else {
				out.Rules = append(out.Rules, r)
			}
		}
	}
	return out
}

func spaceOf(s *armnetwork.AddressSpace) []netip.Prefix {
	if s == nil {
		return nil
	}
	return prefixes(values(s.AddressPrefixes)...)
}

// prefixes leaves out what is none, such as a service tag.
func prefixes(texts ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range texts {
		if p, err := netip.ParsePrefix(text); err == nil {
			out = append(out, p.Masked())
		}
	}
	return out
}
