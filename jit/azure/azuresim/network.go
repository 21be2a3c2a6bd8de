package azuresim

import "strings"

// envelope is what every resource of Microsoft.Network has around its own
// properties.
func envelope(id, kind, location string, tags map[string]string, properties object) object {
	properties["provisioningState"] = succeeded
	properties["resourceGuid"] = guidOf(key(id))
	return object{
		"id": id, "name": nameOf(id), "type": kind, "location": location, "tags": tagsBody(tags), "properties": properties,
	}
}

func (s *Sim) nicBody(v NIC) object {
	configs := []object{}
	for i, ip := range v.IPs {
		config := ipConfigBody(v.ID, ip, i == 0)
		s.balance(config)
		configs = append(configs, config)
	}
	properties := object{
		"ipConfigurations": configs, "enableIPForwarding": false, "enableAcceleratedNetworking": false,
		"dnsSettings": object{"dnsServers": []string{}, "appliedDnsServers": []string{}},
		"nicType":     "Standard", "hostedWorkloads": []string{}, "tapConfigurations": []object{},
	}
	if v.NSG != "" {
		properties["networkSecurityGroup"] = object{"id": v.NSG}
	}
	if owner, attached := s.indexed().nicVM[key(v.ID)]; attached {
		properties["virtualMachine"], properties["primary"] = object{"id": owner.vm}, owner.primary
	}
	body := envelope(v.ID, "Microsoft.Network/networkInterfaces", v.Location, v.Tags, properties)
	properties["resourceGuid"] = nicGUID(v)
	return body
}

func ipConfigBody(nic string, ip IPConfig, primary bool) object {
	method, version := "Dynamic", "IPv4"
	if ip.Static {
		method = "Static"
	}
	block, ok := ip.block()
	if ok && block.Addr().Is6() {
		version = "IPv6"
	}
	properties := object{
		"provisioningState": succeeded, "privateIPAllocationMethod": method,
		"privateIPAddressVersion": version, "primary": primary,
	}
	if ip.Address != "" {
		properties["privateIPAddress"] = ip.Address
		if strings.Contains(ip.Address, "/") {
			properties["privateIPAddressPrefixLength"] = block.Bits()
		}
	}
	if ip.Subnet != "" {
		properties["subnet"] = object{"id": ip.Subnet}
	}
	if ip.PublicIP != "" {
		properties["publicIPAddress"] = object{"id": ip.PublicIP}
	}
	if len(ip.ASGs) > 0 {
		properties["applicationSecurityGroups"] = references(ip.ASGs)
	}
	return object{
		"id": nic + "/ipConfigurations/" + ip.Name, "name": ip.Name,
		"type": "Microsoft.Network/networkInterfaces/ipConfigurations", "properties": properties,
	}
}

func (s *Sim) listNICs(c *call) reply { return page(s, c, s.nics, s.nicBody) }

func (s *Sim) getNIC(c *call) reply {
	return found(c, s.nics, "Microsoft.Network/networkInterfaces", s.nicBody)
}

// found answers the resource of the path, or the gateway's 404.
func found[V any](c *call, all map[string]V, kind string, body func(V) object) reply {
	v, there := all[key(c.path.id)]
	if !there {
		return missingResource(c.path, kind).reply()
	}
	return ok(body(v))
}

func (s *Sim) subnetBody(vnet VNet, v Subnet) object {
	properties := object{
		"provisioningState": succeeded, "delegations": []object{},
		"privateEndpointNetworkPolicies": "Disabled", "privateLinkServiceNetworkPolicies": "Enabled",
	}
	if len(v.Prefixes) == 1 {
		properties["addressPrefix"] = v.Prefixes[0]
	} else {
		properties["addressPrefixes"] = list(v.Prefixes)
	}
	if v.NSG != "" {
		properties["networkSecurityGroup"] = object{"id": v.NSG}
	}
	if v.RouteTable != "" {
		properties["routeTable"] = object{"id": v.RouteTable}
	}
	id := vnet.ID + "/subnets/" + v.Name
	if configs := s.indexed().subnetConfigs[key(id)]; len(configs) > 0 {
		properties["ipConfigurations"] = references(configs)
	}
	return object{"id": id, "name": v.Name, "type": "Microsoft.Network/virtualNetworks/subnets", "properties": properties}
}

func (s *Sim) vnetBody(v VNet) object {
	subnets, peerings := []object{}, []object{}
	for _, subnet := range v.Subnets {
		subnets = append(subnets, s.subnetBody(v, subnet))
	}
	for _, peer := range v.Peers {
		name := "to-" + nameOf(peer)
		peerings = append(peerings, object{
			"id": v.ID + "/virtualNetworkPeerings/" + name, "name": name,
			"properties": object{
				"provisioningState": succeeded, "peeringState": "Connected", "allowVirtualNetworkAccess": true,
				"useRemoteGateways":    v.GatewayOf != "" && key(v.GatewayOf) == key(peer),
				"remoteVirtualNetwork": object{"id": peer}, "remoteAddressSpace": object{"addressPrefixes": list(s.vnets[key(peer)].Prefixes)},
			},
		})
	}
	return envelope(v.ID, "Microsoft.Network/virtualNetworks", v.Location, v.Tags, object{
		"addressSpace": object{"addressPrefixes": list(v.Prefixes)}, "subnets": subnets,
		"virtualNetworkPeerings": peerings, "enableDdosProtection": false,
	})
}

func (s *Sim) listVNets(c *call) reply { return page(s, c, s.vnets, s.vnetBody) }

func (s *Sim) getVNet(c *call) reply {
	return found(c, s.vnets, "Microsoft.Network/virtualNetworks", s.vnetBody)
}

func (s *Sim) getSubnet(c *call) reply {
	vnet, there := s.vnets[key(c.path.parent())]
	if !there {
		return missingResource(c.path, "Microsoft.Network/virtualNetworks").reply()
	}
	for _, v := range vnet.Subnets {
		if strings.EqualFold(v.Name, c.path.name()) {
			return ok(s.subnetBody(vnet, v))
		}
	}
	return missingChild(c.path.id).reply()
}

func (s *Sim) listSubnets(c *call) reply {
	vnet, there := s.vnets[key(c.path.id[:strings.LastIndexByte(c.path.id, '/')])]
	if !there {
		return missingResource(c.path, "Microsoft.Network/virtualNetworks").reply()
	}
	bodies := map[string]object{}
	var keys []string
	for _, v := range vnet.Subnets {
		keys = append(keys, key(v.Name))
		bodies[key(v.Name)] = s.subnetBody(vnet, v)
	}
	return s.pageOf(c, sortedFold(keys), func(k string) object { return bodies[k] })
}

func (s *Sim) publicIPBody(v PublicIP) object {
	properties := object{
		"publicIPAllocationMethod": "Static", "publicIPAddressVersion": "IPv4", "ipAddress": v.Address, "idleTimeoutInMinutes": 4,
	}
	if configs := s.indexed().publicConfigs[key(v.ID)]; len(configs) > 0 {
		properties["ipConfiguration"] = object{"id": configs[0]}
	}
	body := envelope(v.ID, "Microsoft.Network/publicIPAddresses", v.Location, nil, properties)
	body["sku"] = object{"name": "Standard", "tier": "Regional"}
	return body
}

func (s *Sim) listPublicIPs(c *call) reply { return page(s, c, s.publicIPs, s.publicIPBody) }

func (s *Sim) getPublicIP(c *call) reply {
	return found(c, s.publicIPs, "Microsoft.Network/publicIPAddresses", s.publicIPBody)
}
