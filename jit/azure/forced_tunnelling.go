package azure

import (
	"cmp"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit/ipset"
)

// tunnelled reports whether the subnet of a firewall sends all that is for the internet
// elsewhere, by routes of its own; may says that a part goes elsewhere, or that a
// gateway, or a route server, may make it do so.
// https://learn.microsoft.com/azure/firewall/forced-tunneling
func (l *networkLists) tunnelled(home string) (is, may bool) {
	network, _, _ := strings.Cut(home, "/subnets/")
	n := l.networks[network]
	if n == nil {
		return false, true
	}
	internet := ipset.AllIPv4().Subtract(ipset.PrivateSpace())
	elsewhere, undecided := l.ledElsewhere(n, home), internet
	for _, r := range l.routeTableRoutes(n, home) {
		undecided = undecided.Subtract(ipset.AddressesIn(prefixes(r.Prefix)))
	}
	learns := len(undecided) > 0 && (len(gatewayNetworks(n)) > 0 || subnetNamed(n, "RouteServerSubnet") != nil)
	is = elsewhere.Includes(internet)
	return is, !is && (learns || elsewhere.Overlaps(internet))
}

// ledElsewhere are the addresses that the subnet's own routes lead to anywhere but the
// internet: of two routes the longer prefix decides.
func (l *networkLists) ledElsewhere(n *virtualNetwork, subnet string) ipset.Addresses {
	var elsewhere ipset.Addresses
	own := slices.Clone(l.routeTableRoutes(n, subnet))
	length := func(r routeProperties) (bits int) {
		for _, p := range prefixes(r.Prefix) {
			bits = p.Bits()
		}
		return bits
	}
	slices.SortStableFunc(own, func(a, b routeProperties) int { return cmp.Compare(length(a), length(b)) })
	for _, r := range own {
		led := ipset.AddressesIn(prefixes(r.Prefix))
		if strings.EqualFold(string(r.Kind), string(armnetwork.RouteNextHopTypeInternet)) {
			elsewhere = elsewhere.Subtract(led)
		} else {
			elsewhere = elsewhere.Union(led)
		}
	}
	return elsewhere
}
