package azure

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"
	"golang.org/x/sync/errgroup"

	"jitbot/jit"
	"jitbot/jit/resource"
	"jitbot/jit/route"
)

// networkLists is what was listed of networks, their routes and the firewalls
// between them, by lower-case id.
type networkLists struct {
	mu          sync.Mutex
	networks    map[string]*virtualNetwork
	publicIPs   map[string]armnetwork.PublicIPAddress
	routes      map[string][]routeProperties
	firewalls   []firewall
	policies    map[string]policyChain              // of the firewalls' policies
	dnatTargets map[string]map[netip.Addr]dnatSides // where DNAT rules of others lead, by firewall, once it was asked
	unread      map[string]bool                     // subscriptions of which not every firewall, or policy of one, could be read
}

func newNetworkLists() *networkLists {
	return &networkLists{
		networks: map[string]*virtualNetwork{}, publicIPs: map[string]armnetwork.PublicIPAddress{},
		routes: map[string][]routeProperties{}, policies: map[string]policyChain{}, dnatTargets: map[string]map[netip.Addr]dnatSides{},
		unread: map[string]bool{},
	}
}

// listing is one list of a subscription.
type listing struct {
	what string
	read func(context.Context, *subscription) error
}

// listAll reads the lists of the subscriptions side by side.
func (c *Client) listAll(ctx context.Context, subscriptions []string, lists ...listing) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, id := range subscriptions {
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

func (l *networkLists) listNetworks(ctx context.Context, s *subscription) error {
	return listInto(ctx, s.manager, s.listAddress(networkType), func(n *virtualNetwork) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if n.Properties != nil {
			l.networks[strings.ToLower(n.ID)] = n
		}
	})
}

func (l *networkLists) listPublicIPs(ctx context.Context, s *subscription) error {
	return pages(ctx, s.publicIPs.NewListAllPager(nil), func(page armnetwork.PublicIPAddressesClientListAllResponse) {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, a := range values(page.Value) {
			l.publicIPs[strings.ToLower(value(a.ID))] = a
		}
	})
}

func (l *networkLists) listRoutes(ctx context.Context, s *subscription) error {
	return listInto(ctx, s.manager, s.listAddress(routeTableType), func(t *routeTable) {
		l.mu.Lock()
		defer l.mu.Unlock()
		var routes []routeProperties
		for _, r := range values(t.Properties.Routes) {
			routes = append(routes, r.Properties)
		}
		l.routes[strings.ToLower(t.ID)] = routes
	})
}

// peersOf are the networks that a network is connected with.
func peersOf(n *virtualNetwork) []string {
	var out []string
	for _, v := range connectedPeerings(n) {
		if v.RemoteNetwork != nil {
			out = append(out, strings.ToLower(v.RemoteNetwork.ID))
		}
	}
	return out
}

// mayHideFirewall reports whether a firewall may be before the address that could
// not be read: one in a subscription that its network is connected with.
func (l *networkLists) mayHideFirewall(a jit.Address) bool {
	if len(l.unread) == 0 {
		return false
	}
	network, _, _ := strings.Cut(strings.ToLower(a.Subnet), "/subnets/")
	n := l.networks[network]
	return n == nil || slices.ContainsFunc(peersOf(n), func(id string) bool { return l.unread[resource.Subscription(id)] })
}

func connectedPeerings(n *virtualNetwork) []peeringProperties {
	var out []peeringProperties
	for _, peer := range values(n.Properties.Peerings) {
		v := peer.Properties
		if v.State == armnetwork.VirtualNetworkPeeringStateConnected && v.AllowAccess {
			out = append(out, v)
		}
	}
	return out
}

func peerAddressSpace(v peeringProperties) []netip.Prefix {
	if v.RemoteNetworkSpace != nil {
		return v.RemoteNetworkSpace.prefixes()
	}
	return v.RemoteSpace.prefixes()
}

// routesOf are the routes of a subnet: its own, then those that every subnet
// has to the network itself and to its peers.
func (l *networkLists) routesOf(n *virtualNetwork, subnet string) []route.Route {
	var out []route.Route
	for _, r := range l.routeTableRoutes(n, subnet) {
		for _, p := range prefixes(r.Prefix) {
			out = append(out, route.Route{Prefix: p, NextHop: r.appliance()})
		}
	}
	inside := n.Properties.AddressSpace.prefixes()
	for _, v := range connectedPeerings(n) {
		inside = append(inside, peerAddressSpace(v)...)
	}
	for _, p := range inside {
		out = append(out, route.Route{Prefix: p})
	}
	return out
}

// routeTableRoutes are those of the subnet's route table.
func (l *networkLists) routeTableRoutes(n *virtualNetwork, subnet string) []routeProperties {
	var out []routeProperties
	for _, s := range values(n.Properties.Subnets) {
		if !strings.EqualFold(s.ID, subnet) || s.Properties.RouteTable == nil {
			continue
		}
		out = append(out, l.routes[strings.ToLower(s.Properties.RouteTable.ID)]...)
	}
	return out
}

// subnetPrefixes are the address ranges of a subnet, of both families.
func (l *networkLists) subnetPrefixes(subnet string) []netip.Prefix {
	network, _, _ := strings.Cut(subnet, "/subnets/")
	n := l.networks[network]
	if n == nil {
		return nil
	}
	var out []netip.Prefix
	for _, s := range values(n.Properties.Subnets) {
		if strings.EqualFold(s.ID, subnet) {
			out = append(out, prefixes(append(slices.Clone(s.Properties.Prefixes), s.Properties.Prefix)...)...)
		}
	}
	slices.SortFunc(out, func(a, b netip.Prefix) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(out)
}
