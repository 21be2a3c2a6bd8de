package azuresim

import (
	"cmp"
	"slices"
	"strings"
)

const (
	gatewayType    = "Microsoft.Network/virtualNetworkGateways"
	connectionType = "Microsoft.Network/connections"
	localType      = "Microsoft.Network/localNetworkGateways"
)

// NetworkGateway is a virtual network gateway.
type NetworkGateway struct {
	ID       string
	Location string
	// Kind is Vpn or ExpressRoute. Empty: Vpn.
	Kind string
	// Subnet is the id of its subnet, which Azure wants to be called
	// GatewaySubnet.
	Subnet string
	// BGP says that it exchanges routes.
	BGP bool
	// Clients are the ranges that its point-to-site clients get addresses of.
	Clients []string
	// Translates says that it has a NAT rule for what comes in.
	Translates bool
}

// LocalGateway is a local network gateway: a site outside of Azure.
type LocalGateway struct {
	ID       string
	Location string
	Prefixes []string
}

// Connection joins a gateway to a site, to the gateway of another network, or
// to an ExpressRoute circuit, by their ids.
type Connection struct {
	ID       string
	Location string
	Gateway  string

	Site, Other, Circuit string
	// BGP says that routes are exchanged over it.
	BGP bool
}

// gateways are what leads out of networks.
type gateways struct {
	networks    map[string]NetworkGateway
	sites       map[string]LocalGateway
	connections map[string]Connection
}

func newGateways() gateways {
	return gateways{networks: map[string]NetworkGateway{}, sites: map[string]LocalGateway{}, connections: map[string]Connection{}}
}

// PutNetworkGateway adds or replaces a virtual network gateway.
func (s *Sim) PutNetworkGateway(v NetworkGateway) { put(s, s.edge.gateways.networks, key(v.ID), v) }

// PutLocalGateway adds or replaces a local network gateway.
func (s *Sim) PutLocalGateway(v LocalGateway) { put(s, s.edge.gateways.sites, key(v.ID), v) }

// PutConnection adds or replaces a connection of a gateway.
func (s *Sim) PutConnection(v Connection) { put(s, s.edge.gateways.connections, key(v.ID), v) }

// gatewayRoutes are the requests about them. Azure lists them by resource
// group only, and the connections of a gateway below it.
func gatewayRoutes(add func(method, kind, action string, handle func(*Sim, *call) reply)) {
	grouped := func(list func(*Sim, *call) reply) func(*Sim, *call) reply {
		return func(s *Sim, c *call) reply {
			if c.path.group == "" {
				return unknownType(c).reply()
			}
			return list(s, c)
		}
	}
	for kind, serve := range map[string]struct{ list, get func(*Sim, *call) reply }{
		gatewayType:    {(*Sim).listGateways, (*Sim).getGateway},
		connectionType: {(*Sim).listConnections, (*Sim).getConnection},
		localType:      {(*Sim).listSites, (*Sim).getSite},
	} {
		add("GET list", kind, kind+"/read", grouped(serve.list))
		add("GET", kind, kind+"/read", serve.get)
	}
	add("GET list", gatewayType+"/connections", gatewayType+"/connections/read", (*Sim).listGatewayConnections)
}

func (s *Sim) gatewayBody(v NetworkGateway) object {
	properties := object{
		"gatewayType": cmp.Or(v.Kind, "Vpn"), "vpnType": "RouteBased", "enableBgp": v.BGP, "activeActive": false,
		"ipConfigurations": []object{{
			"id": gatewayConfig(v), "name": "default",
			"properties": object{"provisioningState": succeeded, "privateIPAllocationMethod": "Dynamic", "subnet": object{"id": v.Subnet}},
		}},
		"natRules": []object{},
	}
	if len(v.Clients) > 0 {
		properties["vpnClientConfiguration"] = object{"vpnClientAddressPool": object{"addressPrefixes": list(v.Clients)}}
	}
	if v.Translates {
		properties["natRules"] = []object{{
			"id": v.ID + "/natRules/in", "name": "in",
			"properties": object{"provisioningState": succeeded, "type": "Static", "mode": "IngressSnat"},
		}}
	}
	return tagged(envelope(v.ID, gatewayType, v.Location, nil, properties))
}

func gatewayConfig(v NetworkGateway) string { return v.ID + "/ipConfigurations/default" }

func siteBody(v LocalGateway) object {
	return tagged(envelope(v.ID, localType, v.Location, nil, object{
		"localNetworkAddressSpace": object{"addressPrefixes": list(v.Prefixes)}, "gatewayIpAddress": "198.51.100.1",
	}))
}

func connectionBody(v Connection) object {
	properties := object{"virtualNetworkGateway1": object{"id": v.Gateway}, "enableBgp": v.BGP, "routingWeight": 0}
	switch {
	case v.Site != "":
		properties["connectionType"], properties["localNetworkGateway2"] = "IPsec", object{"id": v.Site}
	case v.Other != "":
		properties["connectionType"], properties["virtualNetworkGateway2"] = "Vnet2Vnet", object{"id": v.Other}
	default:
		properties["connectionType"], properties["peer"] = "ExpressRoute", object{"id": v.Circuit}
	}
	return tagged(envelope(v.ID, connectionType, v.Location, nil, properties))
}

func (s *Sim) listGateways(c *call) reply {
	return page(s, c, s.edge.gateways.networks, s.gatewayBody)
}

func (s *Sim) getGateway(c *call) reply {
	return found(c, s.edge.gateways.networks, gatewayType, s.gatewayBody)
}

func (s *Sim) listSites(c *call) reply { return page(s, c, s.edge.gateways.sites, siteBody) }

func (s *Sim) getSite(c *call) reply { return found(c, s.edge.gateways.sites, localType, siteBody) }

func (s *Sim) listConnections(c *call) reply {
	return page(s, c, s.edge.gateways.connections, connectionBody)
}

func (s *Sim) getConnection(c *call) reply {
	return found(c, s.edge.gateways.connections, connectionType, connectionBody)
}

// listGatewayConnections lists the connections of one gateway, of whatever
// group they are.
func (s *Sim) listGatewayConnections(c *call) reply {
	gateway := c.path.id[:strings.LastIndexByte(c.path.id, '/')]
	if _, there := s.edge.gateways.networks[key(gateway)]; !there {
		return missingResource(c.path, gatewayType).reply()
	}
	all := s.edge.gateways.connections
	keys := slices.DeleteFunc(sortedKeys(all), func(k string) bool { return key(all[k].Gateway) != key(gateway) })
	return s.pageOf(c, keys, func(k string) object { return connectionBody(all[k]) })
}

// beyond are the prefixes that lie behind the gateways of a network.
func (s *Sim) beyond(v VNet) []string {
	out := slices.Clone(v.OnPremises)
	for _, c := range s.edge.gateways.connections {
		from := s.edge.gateways.networks[key(c.Gateway)]
		if home, _, _ := strings.Cut(key(from.Subnet), "/subnets/"); home != key(v.ID) {
			continue
		}
		out = append(out, s.edge.gateways.sites[key(c.Site)].Prefixes...)
		other, _, _ := s.subnet(s.edge.gateways.networks[key(c.Other)].Subnet)
		out = append(out, other.Prefixes...)
	}
	return out
}

func (s *Sim) indexGateways(x *index) {
	for _, k := range sortedKeys(s.edge.gateways.networks) {
		v := s.edge.gateways.networks[k]
		x.subnetConfigs[key(v.Subnet)] = append(x.subnetConfigs[key(v.Subnet)], gatewayConfig(v))
	}
}
