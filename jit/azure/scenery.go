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
)

// scenery is what was listed of the networks, by lower-case id.
type scenery struct {
	mu        sync.Mutex
	nics      []*armnetwork.Interface
	networks  map[string]*armnetwork.VirtualNetwork
	routes    map[string][]armnetwork.Route
	balancers []*armnetwork.LoadBalancer
	publics   map[string]armnetwork.PublicIPAddress
	beyond    map[string]beyond // what lies behind the gateways of networks

	// Joined from those.
	grouped []jit.Interface
	private map[string]place // of IP configurations
	fronts  map[netip.Addr][]front
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
// group, public addresses and load balancers. It lists interfaces, networks,
// route tables, load balancers and public addresses of the configured
// subscriptions, five lists each, and the gateways on the way.
// Interfaces of scale sets are in no list and so in no group here.
// https://learn.microsoft.com/rest/api/virtualnetwork/route-tables/list-all
func (c *Client) Surroundings(ctx context.Context, vms []jit.VM) (map[string]jit.Surroundings, error) {
	p := &scenery{
		networks: map[string]*armnetwork.VirtualNetwork{}, routes: map[string][]armnetwork.Route{}, publics: map[string]armnetwork.PublicIPAddress{},
		private: map[string]place{}, fronts: map[netip.Addr][]front{}, beyond: map[string]beyond{},
	}
	g, listing := errgroup.WithContext(ctx)
	for _, id := range c.configured {
		s, err := c.subscription(id)
		if err != nil {
			return nil, err
		}
		for what, list := range map[string]func(context.Context, *subscription) error{
			"interfaces": p.listInterfaces, "networks": p.listNetworks, "route tables": p.listRoutes,
			"load balancers": p.listBalancers, "public addresses": p.listPublics,
		} {
			g.Go(func() error {
				if err := list(listing, s); err != nil {
					return fmt.Errorf("listing the %s of subscription %s: %w", what, id, err)
				}
				return nil
			})
		}
	}
	if err := g.Wait(); err != nil {
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

func (p *scenery) listNetworks(ctx context.Context, s *subscription) error {
	return pages(ctx, s.networks.NewListAllPager(nil), func(page armnetwork.VirtualNetworksClientListAllResponse) {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, n := range page.Value {
			if n != nil && n.Properties != nil {
				p.networks[strings.ToLower(value(n.ID))] = n
			}
		}
	})
}

func (p *scenery) listRoutes(ctx context.Context, s *subscription) error {
	return pages(ctx, s.routes.NewListAllPager(nil), func(page armnetwork.RouteTablesClientListAllResponse) {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, t := range values(page.Value) {
			p.routes[strings.ToLower(value(t.ID))] = values(value(t.Properties).Routes)
		}
	})
}

func (p *scenery) listBalancers(ctx context.Context, s *subscription) error {
	return pages(ctx, s.balancers.NewListAllPager(nil), func(page armnetwork.LoadBalancersClientListAllResponse) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.balancers = append(p.balancers, page.Value...)
	})
}

func (p *scenery) listPublics(ctx context.Context, s *subscription) error {
	return pages(ctx, s.addresses.NewListAllPager(nil), func(page armnetwork.PublicIPAddressesClientListAllResponse) {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, a := range values(page.Value) {
			p.publics[strings.ToLower(value(a.ID))] = a
		}
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
	for _, peer := range values(n.Properties.VirtualNetworkPeerings) {
		v := value(peer.Properties)
		if value(v.PeeringState) != armnetwork.VirtualNetworkPeeringStateConnected || !value(v.AllowVirtualNetworkAccess) {
			continue
		}
		space := v.RemoteVirtualNetworkAddressSpace
		if space == nil {
			space = v.RemoteAddressSpace
		}
		s.Peers = append(s.Peers, spaceOf(space)...)
	}
}

// addRoutes adds the prefixes of the subnet's own routes, and the appliances
// that they lead to.
func (p *scenery) addRoutes(s *jit.Surroundings, n *armnetwork.VirtualNetwork, id string) {
	for _, subnet := range values(n.Properties.Subnets) {
		v := value(subnet.Properties)
		if !strings.EqualFold(value(subnet.ID), id) || v.RouteTable == nil {
			continue
		}
		for _, r := range p.routes[strings.ToLower(value(v.RouteTable.ID))] {
			route := value(r.Properties)
			s.Routed = append(s.Routed, prefixes(value(route.AddressPrefix))...)
			hop, err := netip.ParseAddr(value(route.NextHopIPAddress))
			if err == nil && value(route.NextHopType) == armnetwork.RouteNextHopTypeVirtualAppliance && !slices.Contains(s.Appliances, hop) {
				s.Appliances = append(s.Appliances, hop)
			}
		}
	}
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
