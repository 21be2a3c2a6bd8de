package azure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit"
	"jitbot/jit/reach"
	"jitbot/jit/resource"
	"jitbot/jit/text"
)

// topology is what was listed of the network around virtual machines.
type topology struct {
	*networkLists
	nics          []*networkInterface
	loadBalancers []*armnetwork.LoadBalancer  // the SDK's type has all that is read
	onPremises    map[string]onPremisesRoutes // what lies behind the gateways of networks

	// Joined from those.
	asgMembers    []jit.Interface
	configAddrs   map[string]privateAddrs // of IP configurations
	frontends     map[netip.Addr][]frontend
	unresolved    []unresolvedPool
	hostRules     map[string][]reach.HostRule // by firewall
	firewallsByID map[string]reach.Firewall   // by firewall, without what is routed through it
}

// privateAddrs are where an IP configuration is: one address, or a block of them.
type privateAddrs struct {
	network string
	list    []netip.Addr
}

// frontend is what is before an address of a network: private addresses are
// unique in one network only.
type frontend struct {
	network string
	reach.Frontend
}

// Topology reads what is around the VMs: the spaces of their networks and
// of the peers, the routes of their subnets, who is in an application security
// group, public addresses, load balancers and firewalls with their rules. It
// lists interfaces, networks, route tables, load balancers, public addresses
// and firewalls of the configured subscriptions, six lists each, and reads the
// firewalls' policies, the gateways on the way and each network's admin rules. When a subscription that none
// of the VMs is in cannot be listed, what is known comes with the error.
// Interfaces of scale sets are in no list and so in no group here.
// https://learn.microsoft.com/rest/api/virtualnetwork/route-tables/list-all
func (c *Client) Topology(ctx context.Context, vms []jit.VM) (map[string]reach.Topology, error) {
	p := &topology{
		networkLists: newNetworkLists(), configAddrs: map[string]privateAddrs{}, frontends: map[netip.Addr][]frontend{},
		onPremises: map[string]onPremisesRoutes{}, firewallsByID: map[string]reach.Firewall{}, hostRules: map[string][]reach.HostRule{},
	}
	foreign, err := c.listAround(ctx, p, vms)
	if err == nil {
		err = c.readPolicies(ctx, p.networkLists)
	}
	if err != nil {
		return nil, err
	}
	p.readInterfaces()
	p.readLoadBalancers()
	c.readVNetGateways(ctx, p, vms)
	out := map[string]reach.Topology{}
	for _, vm := range vms {
		out[strings.ToLower(vm.ID)] = p.surroundingsOf(vm)
	}
	c.addAdminRules(ctx, vms, out)
	return out, foreign
}

// listAround reads the lists of the VMs' subscriptions and, for no longer than
// somebody waits, of the others; foreign is what went wrong with these.
func (c *Client) listAround(ctx context.Context, p *topology, vms []jit.VM) (foreign, err error) {
	lists := []listing{
		{"interfaces", p.listInterfaces},
		{"networks", p.listNetworks},
		{"route tables", p.listRoutes},
		{"load balancers", p.listLoadBalancers},
		{"public addresses", p.listPublicIPs},
		{"firewalls", c.listFirewalls(p.networkLists)},
	}
	var own, others []string
	for _, id := range c.configured {
		if slices.ContainsFunc(vms, func(vm jit.VM) bool { return resource.Subscription(vm.ID) == id }) {
			own = append(own, id)
		} else {
			others = append(others, id)
		}
	}
	var wg sync.WaitGroup
	faults := make([]error, len(others))
	for i, id := range others {
		wg.Go(func() {
			patience := aroundPatience
			if c.Fault(id) != "" {
				patience = foreignPatience // nothing is to be expected
			}
			within, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			faults[i] = c.listAll(within, []string{id}, lists...)
		})
	}
	err = c.listAll(ctx, own, lists...)
	wg.Wait()
	return errors.Join(faults...), err
}

// aroundPatience is how long the lists of other subscriptions than the VMs' are
// waited for.
const aroundPatience = 10 * time.Second

func (p *topology) listInterfaces(ctx context.Context, s *subscription) error {
	return listInto(ctx, s.manager, s.listAddress(nicType), func(n *networkInterface) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.nics = append(p.nics, n)
	})
}

func (p *topology) listLoadBalancers(ctx context.Context, s *subscription) error {
	return pages(ctx, s.loadBalancers.NewListAllPager(nil), func(page armnetwork.LoadBalancersClientListAllResponse) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.loadBalancers = append(p.loadBalancers, page.Value...)
	})
}

// addUnresolved adds what load balancers of the network lead to, or may, and
// cannot be resolved.
func (p *topology) addUnresolved(s *reach.Topology, network string) {
	for _, u := range p.unresolved {
		if (u.network == "" || u.network == network) && !slices.Contains(s.Unresolved, u.text) {
			s.Unresolved = append(s.Unresolved, u.text)
		}
	}
}

// surroundingsOf is what of all that is around one VM.
func (p *topology) surroundingsOf(vm jit.VM) reach.Topology {
	s := reach.Topology{Interfaces: p.asgMembers}
	seen := map[string]bool{}
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			subnet := strings.ToLower(a.Subnet)
			network, _, _ := strings.Cut(subnet, "/subnets/")
			p.addFrontends(&s, network, a.Addr)
			if seen[subnet] || p.networks[network] == nil {
				continue
			}
			if !seen[network] {
				addNetwork(&s, p.networks[network])
				p.addUnresolved(&s, network)
				p.addOnPremises(&s, p.networks[network])
			}
			p.addRoutes(&s, p.networks[network], subnet)
			seen[network], seen[subnet] = true, true
		}
	}
	p.addFirewalls(&s, vm)
	p.addHostRules(&s, vm)
	slices.SortFunc(s.Frontends, func(a, b reach.Frontend) int { return strings.Compare(a.Name+" "+a.Public, b.Name+" "+b.Public) })
	return s
}

func (p *topology) addFrontends(s *reach.Topology, network string, to netip.Addr) {
	for _, f := range p.frontends[to] {
		if f.network == network || f.network == "" {
			s.Frontends = append(s.Frontends, f.Frontend)
		}
	}
}

// addNetwork adds the network's own space and that of its peers.
func addNetwork(s *reach.Topology, n *virtualNetwork) {
	s.VirtualNetwork = append(s.VirtualNetwork, n.Properties.AddressSpace.prefixes()...)
	for _, v := range connectedPeerings(n) {
		s.Peers = append(s.Peers, peerAddressSpace(v)...)
	}
}

// addRoutes adds the prefixes of the subnet's own routes, and the appliances
// that they lead to and that are no firewall of Azure's whose rules were read.
func (p *topology) addRoutes(s *reach.Topology, n *virtualNetwork, id string) {
	for _, route := range p.routeTableRoutes(n, id) {
		s.Routed = append(s.Routed, prefixes(route.Prefix)...)
		if !route.isKnown() {
			s.Manifold = true
			s.Unresolved = append(s.Unresolved, unresolvedRoute(route))
		}
		if hop := route.appliance(); hop.IsValid() && !slices.Contains(s.Appliances, hop) && !p.isFirewall(n, hop) {
			s.Appliances = append(s.Appliances, hop)
		}
	}
}

// unresolvedRoute says where a route leads that jitbot cannot follow.
func unresolvedRoute(r routeProperties) string {
	to := r.Several.Addresses
	if r.Address != "" {
		to = append([]string{r.Address}, to...)
	}
	words := "a next hop of the kind " + text.Clean(cmp.Or(string(r.Kind), "that is not given"))
	if len(to) > 0 {
		words += " (" + text.Clean(strings.Join(to, ", ")) + ")"
	}
	return fmt.Sprintf("The route of its subnet for %s leads to %s, so which appliances or firewalls are on the way is not known.",
		text.Clean(r.Prefix), words)
}

func (a addressSpace) prefixes() []netip.Prefix { return prefixes(a.Prefixes...) }

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
