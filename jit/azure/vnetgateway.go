package azure

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit"
	"jitbot/jit/reach"
	"jitbot/jit/resource"
)

const (
	vnetGatewayType = "Microsoft.Network/virtualNetworkGateways"
	// maxGateways bounds how many gateways one question looks at.
	maxGateways = 16
)

// onPremisesRoutes are the prefixes that lie behind a virtual network gateway, or
// behind those of a network. The zero value knows nothing.
type onPremisesRoutes struct {
	prefixes []netip.Prefix
	complete bool // there is nothing else: no routes are learned
}

func (r onPremisesRoutes) join(o onPremisesRoutes) onPremisesRoutes {
	return onPremisesRoutes{slices.Concat(r.prefixes, o.prefixes), r.complete && o.complete}
}

// gatewayNetworks are the networks whose gateways the network uses: itself, and peers
// that lend it theirs.
func gatewayNetworks(n *virtualNetwork) []string {
	var out []string
	if subnetNamed(n, "GatewaySubnet") != nil {
		out = append(out, strings.ToLower(n.ID))
	}
	for _, peer := range values(n.Properties.Peerings) {
		v := peer.Properties
		if v.UseRemoteGateways && v.State == armnetwork.VirtualNetworkPeeringStateConnected {
			out = append(out, strings.ToLower(value(v.RemoteNetwork).ID))
		}
	}
	return out
}

func subnetNamed(n *virtualNetwork, name string) *subnet {
	for _, s := range n.Properties.Subnets {
		if s != nil && strings.EqualFold(s.Name, name) {
			return s
		}
	}
	return nil
}

// vnetGatewaysOf are the ids of the gateways in the network's gateway subnet. Not
// ok is whatever is not quite so, such as none.
func vnetGatewaysOf(n *virtualNetwork) (ids []string, ok bool) {
	home := value(subnetNamed(n, "GatewaySubnet"))
	for _, c := range values(home.Properties.IPConfigurations) {
		id, err := arm.ParseResourceID(c.ID)
		if err != nil || id.Parent == nil || !strings.EqualFold(id.Parent.ResourceType.String(), vnetGatewayType) {
			return nil, false
		}
		if gateway := id.Parent.String(); !slices.ContainsFunc(ids, func(o string) bool { return resource.Same(o, gateway) }) {
			ids = append(ids, gateway)
		}
	}
	return ids, len(ids) > 0
}

// addOnPremises adds the prefixes behind the network's gateways, and whether there may
// be more. A route server learns routes as a gateway does.
func (p *topology) addOnPremises(s *reach.Topology, n *virtualNetwork) {
	s.Learned = s.Learned || subnetNamed(n, "RouteServerSubnet") != nil
	for _, home := range gatewayNetworks(n) {
		b := p.onPremises[home]
		s.OnPremises = append(s.OnPremises, b.prefixes...)
		s.Learned = s.Learned || !b.complete
	}
}

// readVNetGateways reads what lies behind the gateways that the VMs' networks
// use: three requests or so for each gateway, none where there is none. What may
// not or cannot be read stays unknown.
func (c *Client) readVNetGateways(ctx context.Context, p *topology, vms []jit.VM) {
	used := map[string][]string{} // gateways by network
	var ids []string
	for _, home := range p.gatewayNetworksOf(vms) {
		n := p.networks[home]
		if n == nil {
			continue
		}
		if gateways, ok := vnetGatewaysOf(n); ok && len(ids)+len(gateways) <= maxGateways {
			used[home] = gateways
			ids = append(ids, gateways...)
		}
	}
	var mu sync.Mutex
	read := map[string]onPremisesRoutes{}
	_ = eachID(ctx, ids, func(ctx context.Context, id string) error {
		b, err := c.vnetGateway(ctx, p, id)
		if err != nil && !errors.Is(err, jit.ErrForbidden) && ctx.Err() == nil {
			c.log.WarnContext(ctx, "the prefixes behind a virtual network gateway are not known", slog.String("gateway", id), slog.Any("error", err))
		}
		mu.Lock()
		defer mu.Unlock()
		read[strings.ToLower(id)] = b
		return nil // the others may be read
	})
	for home, gateways := range used {
		sum := onPremisesRoutes{complete: true}
		for _, id := range gateways {
			sum = sum.join(read[strings.ToLower(id)])
		}
		p.onPremises[home] = sum
	}
}

// gatewayNetworksOf are the networks whose gateways the VMs' networks use, in order.
func (p *topology) gatewayNetworksOf(vms []jit.VM) []string {
	var out []string
	for _, vm := range vms {
		for _, nic := range vm.Interfaces {
			for _, a := range nic.Addresses {
				network, _, _ := strings.Cut(strings.ToLower(a.Subnet), "/subnets/")
				if n := p.networks[network]; n != nil {
					out = append(out, gatewayNetworks(n)...)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// vnetGateway reads one gateway, its connections and the sites that they lead to.
// With BGP, clients that dial in, ExpressRoute or NAT there may be more than
// the connections say.
// https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-gateway-settings
func (c *Client) vnetGateway(ctx context.Context, p *topology, id string) (onPremisesRoutes, error) {
	r, s, err := c.locate(id, vnetGatewayType)
	if err != nil {
		return onPremisesRoutes{}, fmt.Errorf("reading a gateway: %w", err)
	}
	resp, err := s.vnetGateways.Get(ctx, r.ResourceGroupName, r.Name, nil)
	if err != nil {
		return onPremisesRoutes{}, fmt.Errorf("reading gateway %s: %w", r.Name, translate(err))
	}
	out := onPremisesRoutes{complete: hasStaticRoutes(value(resp.Properties))}
	var sites []string
	connections := s.vnetGateways.NewListConnectionsPager(r.ResourceGroupName, r.Name, nil)
	err = pages(ctx, connections, func(page armnetwork.VirtualNetworkGatewaysClientListConnectionsResponse) {
		for _, connection := range values(page.Value) {
			v := value(connection.Properties)
			out.complete = out.complete && !value(v.EnableBgp)
			switch {
			case value(v.ConnectionType) == armnetwork.VirtualNetworkGatewayConnectionTypeIPsec && v.LocalNetworkGateway2 != nil:
				sites = append(sites, value(v.LocalNetworkGateway2.ID))
			case value(v.ConnectionType) == armnetwork.VirtualNetworkGatewayConnectionTypeVnet2Vnet:
				out = out.join(p.remoteNetwork(id, v))
			default:
				out.complete = false
			}
		}
	})
	if err != nil {
		return onPremisesRoutes{}, fmt.Errorf("listing the connections of gateway %s: %w", r.Name, err)
	}
	behind, err := c.localGatewayRanges(ctx, sites)
	if err != nil {
		return onPremisesRoutes{}, fmt.Errorf("reading the sites behind gateway %s: %w", r.Name, err)
	}
	return out.join(behind), nil
}

// hasStaticRoutes reports whether a gateway knows of no routes but those of its
// connections.
func hasStaticRoutes(v armnetwork.VirtualNetworkGatewayPropertiesFormat) bool {
	return value(v.GatewayType) == armnetwork.VirtualNetworkGatewayTypeVPN && !value(v.EnableBgp) &&
		value(v.VPNClientConfiguration).VPNClientAddressPool == nil &&
		!slices.ContainsFunc(values(v.NatRules), func(n armnetwork.VirtualNetworkGatewayNatRule) bool {
			return value(value(n.Properties).Mode) != armnetwork.VPNNatRuleModeEgressSnat
		})
}

// remoteNetwork is the network at the other end of a connection of two gateways.
func (p *topology) remoteNetwork(from string, v armnetwork.VirtualNetworkGatewayConnectionListEntityPropertiesFormat) onPremisesRoutes {
	other := value(value(v.VirtualNetworkGateway2).ID)
	if resource.Same(other, from) {
		other = value(value(v.VirtualNetworkGateway1).ID)
	}
	for _, n := range p.networks {
		ids, _ := vnetGatewaysOf(n)
		if slices.ContainsFunc(ids, func(id string) bool { return resource.Same(id, other) }) {
			return onPremisesRoutes{n.Properties.AddressSpace.prefixes(), true}
		}
	}
	return onPremisesRoutes{}
}

const localGatewayType = "Microsoft.Network/localNetworkGateways"

// localGatewayRanges reads the ranges of local network gateways, by one list for each of
// their resource groups. Where one is missing, or has a range that cannot be
// read, there is more than what is returned.
func (c *Client) localGatewayRanges(ctx context.Context, ids []string) (onPremisesRoutes, error) {
	listed := map[string]armnetwork.LocalNetworkGateway{}
	groups := map[string]bool{}
	for _, id := range ids {
		r, s, err := c.locate(id, localGatewayType)
		if err != nil {
			return onPremisesRoutes{}, fmt.Errorf("reading a site: %w", err)
		}
		group := strings.ToLower(r.SubscriptionID + "/" + r.ResourceGroupName)
		if groups[group] {
			continue
		}
		groups[group] = true
		err = pages(ctx, s.localGateways.NewListPager(r.ResourceGroupName, nil), func(page armnetwork.LocalNetworkGatewaysClientListResponse) {
			for _, v := range values(page.Value) {
				listed[strings.ToLower(value(v.ID))] = v
			}
		})
		if err != nil {
			return onPremisesRoutes{}, fmt.Errorf("listing the local network gateways of %s: %w", r.ResourceGroupName, err)
		}
	}
	out := onPremisesRoutes{complete: true}
	for _, id := range ids {
		v, ok := listed[strings.ToLower(id)]
		space := value(value(v.Properties).LocalNetworkAddressSpace)
		ranges := prefixes(values(space.AddressPrefixes)...)
		out = out.join(onPremisesRoutes{ranges, ok && len(ranges) == len(space.AddressPrefixes)})
	}
	return out, nil
}
