package azure

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"
	"golang.org/x/sync/errgroup"

	"jitbot/jit"
)

// networkLists is what was listed of networks, their routes and the firewalls between
// them, by lower-case id.
type networkLists struct {
	mu              sync.Mutex
	networks        map[string]*armnetwork.VirtualNetwork
	publicIPs       map[string]armnetwork.PublicIPAddress
	routes          map[string][]armnetwork.Route
	firewalls       []firewall
	policies        map[string]policyChain         // of the firewalls' policies
	dnatTargets     map[string]map[netip.Addr]bool // where DNAT rules of others lead, by firewall, once it was asked
	firewallsUnread bool                           // firewalls, or their policies, could not be read, for lack of the right to
}

func newNetworkLists() *networkLists {
	return &networkLists{
		networks: map[string]*armnetwork.VirtualNetwork{}, publicIPs: map[string]armnetwork.PublicIPAddress{},
		routes: map[string][]armnetwork.Route{}, policies: map[string]policyChain{}, dnatTargets: map[string]map[netip.Addr]bool{},
	}
}

// listing is one list of a subscription.
type listing struct {
	what string
	read func(context.Context, *subscription) error
}

// listAll reads the lists of every configured subscription side by side.
func (c *Client) listAll(ctx context.Context, lists ...listing) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, id := range c.configured {
		s, err := c.subscription(id)
		if err != nil {
			return err
		}
		for _, l := range lists {
			g.Go(func() error {
				if err := l.read(ctx, s); err != nil {
					return fmt.Errorf("listing the %s of subscription %s: %w", l.what, id, err)
				}
				return nil
			})
		}
	}
	return g.Wait()
}

func (e *networkLists) listNetworks(ctx context.Context, s *subscription) error {
	return pages(ctx, s.networks.NewListAllPager(nil), func(page armnetwork.VirtualNetworksClientListAllResponse) {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, n := range page.Value {
			if n != nil && n.Properties != nil {
				e.networks[strings.ToLower(value(n.ID))] = n
			}
		}
	})
}

func (e *networkLists) listPublicIPs(ctx context.Context, s *subscription) error {
	return pages(ctx, s.publicIPs.NewListAllPager(nil), func(page armnetwork.PublicIPAddressesClientListAllResponse) {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, a := range values(page.Value) {
			e.publicIPs[strings.ToLower(value(a.ID))] = a
		}
	})
}

func (e *networkLists) listRoutes(ctx context.Context, s *subscription) error {
	return pages(ctx, s.routeTables.NewListAllPager(nil), func(page armnetwork.RouteTablesClientListAllResponse) {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, t := range values(page.Value) {
			e.routes[strings.ToLower(value(t.ID))] = values(value(t.Properties).Routes)
		}
	})
}

func (c *Client) listFirewalls(e *networkLists) func(context.Context, *subscription) error {
	return func(ctx context.Context, s *subscription) error {
		found, seen, err := c.firewalls(ctx, s.id)
		e.mu.Lock()
		defer e.mu.Unlock()
		e.firewalls = append(e.firewalls, found...)
		e.firewallsUnread = e.firewallsUnread || !seen
		return err
	}
}

// readPolicies reads the policies of the firewalls. Of one that may not be read
// the firewalls are known, and nothing of what they let through.
func (c *Client) readPolicies(ctx context.Context, e *networkLists) error {
	var ids []string
	for _, f := range e.firewalls {
		if id := f.Properties.Policy.ID; id != "" {
			ids = append(ids, id)
		}
	}
	return eachID(ctx, ids, func(ctx context.Context, id string) error {
		chain, err := c.readPolicyChain(ctx, id)
		e.mu.Lock()
		defer e.mu.Unlock()
		switch {
		case c.notShown(ctx, err):
			e.firewallsUnread = true
			return nil
		case err == nil:
			e.policies[strings.ToLower(id)] = chain
		}
		return err
	})
}

// listsAge is how old what is between networks may be: routes and firewalls
// change rarely, and many VMs are asked about at once.
const listsAge = 10 * time.Second

func (c *Client) cachedLists() *networkLists {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.listsRead) < listsAge {
		return c.lists
	}
	return nil
}

func (c *Client) cacheLists(e *networkLists) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lists, c.listsRead = e, time.Now()
}

// recentLists reads the firewalls and, where there are any, what tells whether
// they are before a machine; one reads at a time, and the others use it.
func (c *Client) recentLists(ctx context.Context) (*networkLists, error) {
	if e := c.cachedLists(); e != nil {
		return e, nil
	}
	leave, err := c.guardLocks.lock(ctx, "edges")
	if err != nil {
		return nil, err
	}
	defer leave()
	if e := c.cachedLists(); e != nil {
		return e, nil
	}
	e := newNetworkLists()
	err = c.listAll(ctx, listing{"firewalls", c.listFirewalls(e)})
	if err == nil && len(e.firewalls) > 0 {
		err = errors.Join(
			c.listAll(ctx, listing{"networks", e.listNetworks}, listing{"public addresses", e.listPublicIPs}, listing{"route tables", e.listRoutes}),
			c.readPolicies(ctx, e),
		)
	}
	if err != nil {
		return nil, err
	}
	c.cacheLists(e)
	return e, nil
}

// firewallsBefore are the firewalls before an address.
func (e *networkLists) firewallsBefore(a jit.Address) []jit.Gateway {
	subnet := strings.ToLower(a.Subnet)
	network, _, _ := strings.Cut(subnet, "/subnets/")
	n := e.networks[network]
	if n == nil || len(e.firewalls) == 0 {
		return nil
	}
	near := append(peersOf(n), network)
	routed := jit.RoutedBy(e.routesOf(n, subnet))
	var out []jit.Gateway
	for _, f := range e.firewalls {
		home, network, private := f.location()
		if !slices.Contains(near, network) {
			continue
		}
		g := jit.Gateway{Firewall: f.ID, Policy: f.Properties.Policy.ID, Routed: routed[private], Leads: e.hasDNATTo(f, a.Addr)}
		if len(g.Routed) == 0 && !g.Leads {
			continue
		}
		g.Subnet, g.Public = e.subnetPrefix(home), e.publicIPsOf(f)
		g.Hides = translatesSource(f.privateRanges(e.policies[strings.ToLower(g.Policy)]), a.Addr)
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b jit.Gateway) int {
		return strings.Compare(strings.ToLower(a.Firewall), strings.ToLower(b.Firewall))
	})
	return out
}

// peersOf are the networks that a network is connected with.
func peersOf(n *armnetwork.VirtualNetwork) []string {
	var out []string
	for _, v := range connectedPeerings(n) {
		if v.RemoteVirtualNetwork != nil {
			out = append(out, strings.ToLower(value(v.RemoteVirtualNetwork.ID)))
		}
	}
	return out
}

func connectedPeerings(n *armnetwork.VirtualNetwork) []armnetwork.VirtualNetworkPeeringPropertiesFormat {
	var out []armnetwork.VirtualNetworkPeeringPropertiesFormat
	for _, peer := range values(n.Properties.VirtualNetworkPeerings) {
		v := value(peer.Properties)
		if value(v.PeeringState) == armnetwork.VirtualNetworkPeeringStateConnected && value(v.AllowVirtualNetworkAccess) {
			out = append(out, v)
		}
	}
	return out
}

func peerAddressSpace(v armnetwork.VirtualNetworkPeeringPropertiesFormat) []netip.Prefix {
	if v.RemoteVirtualNetworkAddressSpace != nil {
		return addressSpace(v.RemoteVirtualNetworkAddressSpace)
	}
	return addressSpace(v.RemoteAddressSpace)
}

// routesOf are the routes of a subnet: its own, then those that every subnet
// has to the network itself and to its peers.
func (e *networkLists) routesOf(n *armnetwork.VirtualNetwork, subnet string) []jit.Route {
	var out []jit.Route
	for _, r := range e.routeTableRoutes(n, subnet) {
		var hop netip.Addr
		if value(r.NextHopType) == armnetwork.RouteNextHopTypeVirtualAppliance {
			hop, _ = netip.ParseAddr(value(r.NextHopIPAddress)) // none, and it goes nowhere that is known
		}
		for _, p := range prefixes(value(r.AddressPrefix)) {
			out = append(out, jit.Route{Prefix: p, Hop: hop})
		}
	}
	inside := addressSpace(n.Properties.AddressSpace)
	for _, v := range connectedPeerings(n) {
		inside = append(inside, peerAddressSpace(v)...)
	}
	for _, p := range inside {
		out = append(out, jit.Route{Prefix: p})
	}
	return out
}

// routeTableRoutes are those of the subnet's route table.
func (e *networkLists) routeTableRoutes(n *armnetwork.VirtualNetwork, subnet string) []armnetwork.RoutePropertiesFormat {
	var out []armnetwork.RoutePropertiesFormat
	for _, s := range values(n.Properties.Subnets) {
		v := value(s.Properties)
		if !strings.EqualFold(value(s.ID), subnet) || v.RouteTable == nil {
			continue
		}
		for _, r := range e.routes[strings.ToLower(value(v.RouteTable.ID))] {
			out = append(out, value(r.Properties))
		}
	}
	return out
}

// hasDNATTo reports whether a DNAT rule that is not ours leads to the address.
// Hundreds of addresses are asked about, and a firewall has thousands of rules.
func (e *networkLists) hasDNATTo(f firewall, to netip.Addr) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	led, known := e.dnatTargets[f.ID]
	if !known {
		led = map[netip.Addr]bool{}
		for _, r := range e.rulesOf(f) {
			if _, ours := jit.ParseRuleName(strings.ToLower(r.Name)); !ours && r.To.IsValid() {
				led[r.To.Addr()] = true
			}
		}
		e.dnatTargets[f.ID] = led
	}
	return led[to]
}

// wasRead reports whether the policy was read; no policy is known.
func (e *networkLists) wasRead(policy string) bool {
	return policy == "" || len(e.policies[strings.ToLower(policy)]) > 0
}

// rulesOf are the rules of a firewall in the order in which they are asked.
func (e *networkLists) rulesOf(f firewall) []jit.Rule {
	if policy := f.Properties.Policy.ID; policy != "" {
		if !e.wasRead(policy) {
			return nil
		}
		return e.policies[strings.ToLower(policy)].table("").Rules
	}
	return f.table().Rules
}

// subnetPrefix is the address range of a subnet.
func (e *networkLists) subnetPrefix(subnet string) netip.Prefix {
	network, _, _ := strings.Cut(subnet, "/subnets/")
	n := e.networks[network]
	if n == nil {
		return netip.Prefix{}
	}
	for _, s := range values(n.Properties.Subnets) {
		v := value(s.Properties)
		if !strings.EqualFold(value(s.ID), subnet) {
			continue
		}
		if found := prefixes(append(values(v.AddressPrefixes), value(v.AddressPrefix))...); len(found) > 0 {
			return found[0]
		}
	}
	return netip.Prefix{}
}

// publicIPsOf are the public addresses of a firewall, in its own order.
func (e *networkLists) publicIPsOf(f firewall) []netip.Addr {
	var out []netip.Addr
	for _, a := range f.Properties.Addresses {
		public := e.publicIPs[strings.ToLower(a.Properties.Public.ID)]
		if addr, err := netip.ParseAddr(value(value(public.Properties).IPAddress)); err == nil && addr.Is4() {
			out = append(out, addr)
		}
	}
	return out
}
