package azuresim

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

const (
	routeTableType = "Microsoft.Network/routeTables"
	balancerType   = "Microsoft.Network/loadBalancers"
	asgType        = "Microsoft.Network/applicationSecurityGroups"
	classicType    = "Microsoft.ClassicCompute/virtualMachines"
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

// classicVMBody is a classic machine under its own type.
func classicVMBody(v ClassicVM) object {
	power := cmp.Or(v.Power, "Started")
	return object{
		"id": v.ID, "name": nameOf(v.ID), "type": classicType, "location": v.Location,
		"properties": object{
			"provisioningState": succeeded, "instanceView": object{"status": "ReadyRole", "powerState": power},
		},
	}
}

func (s *Sim) listClassics(c *call) reply { return page(s, c, s.edge.classics, classicVMBody) }

func (s *Sim) getClassic(c *call) reply { return found(c, s.edge.classics, classicType, classicVMBody) }

// summary is a resource in the list of all resources.
type summary struct {
	id, kind, location string
	tags               map[string]string
}

func (v summary) body() object {
	return object{"id": v.id, "name": nameOf(v.id), "type": v.kind, "location": v.location, "tags": tagsBody(v.tags)}
}

// resources are all resources by key.
func (s *Sim) resources() map[string]summary {
	all := map[string]summary{}
	add := func(id, kind, location string, tags map[string]string) {
		all[key(id)] = summary{id: id, kind: kind, location: location, tags: tags}
	}
	for _, v := range s.vms {
		add(v.ID, vmType, v.Location, v.Tags)
	}
	for _, v := range s.nics {
		add(v.ID, "Microsoft.Network/networkInterfaces", v.Location, v.Tags)
	}
	for _, v := range s.vnets {
		add(v.ID, "Microsoft.Network/virtualNetworks", v.Location, v.Tags)
	}
	for _, v := range s.publicIPs {
		add(v.ID, "Microsoft.Network/publicIPAddresses", v.Location, nil)
	}
	for _, g := range s.nsgs {
		add(g.id, nsgType, g.location, g.tags)
	}
	s.edge.summarise(add)
	return all
}

func (e *edge) summarise(add func(id, kind, location string, tags map[string]string)) {
	for _, d := range e.firewalls {
		add(d.id, firewallType, d.written.location, nil)
	}
	for _, d := range e.policies {
		add(d.id, policyType, d.written.location, nil)
	}
	for _, v := range e.routeTables {
		add(v.ID, routeTableType, v.Location, v.Tags)
	}
	for _, v := range e.balancers {
		add(v.ID, balancerType, v.Location, v.Tags)
	}
	for _, v := range e.asgs {
		add(v.ID, asgType, v.Location, v.Tags)
	}
	for _, v := range e.classics {
		add(v.ID, classicType, v.Location, nil)
	}
	e.gateways.summarise(add)
}

var resourceFilter = regexp.MustCompile(`(?i)^resourceType\s+eq\s+'([^']*)'$`)

// listResources is the list of all resources of a subscription or group that
// the caller may read. Of filters it knows "resourceType eq '…'", also
// several with "or".
func (s *Sim) listResources(c *call) reply {
	kinds := map[string]bool{}
	if text := strings.TrimSpace(c.request.URL.Query().Get("$filter")); text != "" {
		for term := range strings.SplitSeq(text, " or ") {
			m := resourceFilter.FindStringSubmatch(strings.TrimSpace(term))
			if m == nil {
				return fromGateway(
					http.StatusBadRequest, "InvalidFilterInQueryString", "Invalid $filter '%s' specified in the query string.", text,
				).reply()
			}
			kinds[key(m[1])] = true
		}
	}
	shown := map[string]summary{}
	for k, v := range s.resources() {
		if (len(kinds) == 0 || kinds[key(v.kind)]) && s.mayRead(c, v) {
			shown[k] = v
		}
	}
	return page(s, c, shown, summary.body)
}

// mayRead says whether the caller may read a resource by itself.
func (s *Sim) mayRead(c *call, v summary) bool {
	probe := call{request: c.request, caller: c.caller, action: v.kind + "/read", path: armPath{id: v.id}}
	return s.authorize(&probe) == nil
}
