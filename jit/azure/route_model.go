package azure

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"
)

const routeTableType = "Microsoft.Network/routeTables"

// routeTable is a route table's document, as far as it is read: the SDK's type has
// no field for several next hops.
// https://learn.microsoft.com/rest/api/virtualnetwork/route-tables/get
type routeTable struct {
	ID         string `json:"id"`
	Properties struct {
		Routes []*routeEntry `json:"routes"`
	} `json:"properties"`
}

type routeEntry struct {
	Properties routeProperties `json:"properties"`
}

type routeProperties struct {
	Prefix  string                      `json:"addressPrefix"`
	Kind    armnetwork.RouteNextHopType `json:"nextHopType"`
	Address string                      `json:"nextHopIpAddress"`
	Several struct {
		Addresses []string `json:"nextHopIpAddresses"`
	} `json:"nextHop"`
}

// appliance is the one virtual appliance that the route leads to; the zero Addr where
// it leads to none, to several, or to what is not known.
func (r routeProperties) appliance() netip.Addr {
	if !strings.EqualFold(string(r.Kind), string(armnetwork.RouteNextHopTypeVirtualAppliance)) || len(r.Several.Addresses) > 0 {
		return netip.Addr{}
	}
	hop, err := netip.ParseAddr(r.Address)
	if err != nil {
		return netip.Addr{}
	}
	return hop
}

// isKnown reports whether the route leads to one next hop of a kind that is known.
func (r routeProperties) isKnown() bool {
	if r.appliance().IsValid() {
		return true
	}
	return slices.ContainsFunc([]armnetwork.RouteNextHopType{
		armnetwork.RouteNextHopTypeInternet, armnetwork.RouteNextHopTypeNone,
		armnetwork.RouteNextHopTypeVirtualNetworkGateway, armnetwork.RouteNextHopTypeVnetLocal,
	}, func(kind armnetwork.RouteNextHopType) bool { return strings.EqualFold(string(kind), string(r.Kind)) })
}
