package azuresim

import (
	"slices"
	"strings"
)

const (
	routeTableType = "Microsoft.Network/routeTables"
	balancerType   = "Microsoft.Network/loadBalancers"
	asgType        = "Microsoft.Network/applicationSecurityGroups"
)

// subnet gives the subnet of an id, and its network.
func (s *Sim) subnet(id string) (VNet, Subnet, bool) {
	vnetID, name, _ := strings.Cut(key(id), "/subnets/")
	vnet := s.vnets[vnetID]
	at := slices.IndexFunc(vnet.Subnets, func(v Subnet) bool { return strings.EqualFold(v.Name, name) })
	if at < 0 {
		return vnet, Subnet{}, false
	}
	return vnet, vnet.Subnets[at], true
}

// SetRouteTable puts a route table on the subnet of that id; an empty id
// takes it off.
func (s *Sim) SetRouteTable(subnetID, tableID string) error {
	vnetID, _, _ := strings.Cut(key(subnetID), "/subnets/")
	return change(s, s.vnets, vnetID, func(v *VNet) {
		v.Subnets = slices.Clone(v.Subnets)
		for i := range v.Subnets {
			if strings.EqualFold(v.Subnets[i].Name, nameOf(subnetID)) {
				v.Subnets[i].RouteTable = tableID
			}
		}
	})
}

func (s *Sim) routeTableBody(v RouteTable) object {
	routes := []object{}
	for _, r := range v.Routes {
		properties := object{"provisioningState": succeeded, "addressPrefix": r.Prefix, "nextHopType": r.NextHopType, "hasBgpOverride": false}
		if r.NextHop != "" {
			properties["nextHopIpAddress"] = r.NextHop
		}
		if len(r.NextHops) > 0 {
			properties["nextHop"] = object{"nextHopIpAddresses": r.NextHops}
		}
		routes = append(
			routes, object{"id": v.ID + "/routes/" + r.Name, "name": r.Name, "type": routeTableType + "/routes", "properties": properties},
		)
	}
	var subnets []string
	for _, k := range sortedKeys(s.vnets) {
		for _, subnet := range s.vnets[k].Subnets {
			if subnet.RouteTable != "" && key(subnet.RouteTable) == key(v.ID) {
				subnets = append(subnets, s.vnets[k].ID+"/subnets/"+subnet.Name)
			}
		}
	}
	properties := object{"routes": routes, "disableBgpRoutePropagation": false}
	if len(subnets) > 0 {
		properties["subnets"] = references(subnets)
	}
	return tagged(envelope(v.ID, routeTableType, v.Location, v.Tags, properties))
}

// tagged gives a body an etag that changes with what it says.
func tagged(body object) object {
	body["etag"] = weak(guidOf(string(encode(body))))
	return body
}

func (s *Sim) listRouteTables(c *call) reply {
	return page(s, c, s.edge.routeTables, s.routeTableBody)
}

func (s *Sim) getRouteTable(c *call) reply {
	return found(c, s.edge.routeTables, routeTableType, s.routeTableBody)
}

func asgBody(v ApplicationSecurityGroup) object {
	return tagged(envelope(v.ID, asgType, v.Location, v.Tags, object{}))
}

func (s *Sim) listASGs(c *call) reply { return page(s, c, s.edge.asgs, asgBody) }

func (s *Sim) getASG(c *call) reply { return found(c, s.edge.asgs, asgType, asgBody) }
