package azuresim

func (s *Sim) balancerBody(v LoadBalancer) object {
	frontends, pools, nats, rules := []object{}, []object{}, []object{}, []object{}
	part := func(list, name string, properties object) object {
		properties["provisioningState"] = succeeded
		return object{"id": v.ID + "/" + list + "/" + name, "name": name, "type": balancerType + "/" + list, "properties": properties}
	}
	frontend := func(name string) object { return object{"id": v.ID + "/frontendIPConfigurations/" + name} }
	for _, f := range v.Frontends {
		properties := object{"privateIPAllocationMethod": "Dynamic", "privateIPAddressVersion": "IPv4"}
		if f.PublicIP != "" {
			properties["publicIPAddress"] = object{"id": f.PublicIP}
		}
		if f.Subnet != "" {
			properties["subnet"], properties["privateIPAddress"] = object{"id": f.Subnet}, f.Address
		}
		frontends = append(frontends, part("frontendIPConfigurations", f.Name, properties))
	}
	for _, p := range v.Pools {
		pools = append(pools, part("backendAddressPools", p.Name, v.poolProperties(p)))
	}
	for _, r := range v.NATRules {
		properties := object{
			"frontendIPConfiguration": frontend(r.Frontend), "protocol": r.Protocol, "backendPort": r.BackendPort,
			"enableFloatingIP": false, "idleTimeoutInMinutes": 4,
		}
		if r.Pool != "" {
			properties["backendAddressPool"] = object{"id": v.ID + "/backendAddressPools/" + r.Pool}
			properties["frontendPortRangeStart"], properties["frontendPortRangeEnd"] = r.FrontendStart, r.FrontendEnd
		} else {
			properties["frontendPort"] = r.FrontendPort
		}
		if r.IPConfig != "" {
			properties["backendIPConfiguration"] = object{"id": r.IPConfig}
		}
		nats = append(nats, part("inboundNatRules", r.Name, properties))
	}
	for _, r := range v.Rules {
		pool := object{"id": v.ID + "/backendAddressPools/" + r.Pool}
		rules = append(rules, part("loadBalancingRules", r.Name, object{
			"frontendIPConfiguration": frontend(r.Frontend), "protocol": r.Protocol, "frontendPort": r.FrontendPort, "backendPort": r.BackendPort,
			"backendAddressPool": pool, "backendAddressPools": []object{pool}, "enableFloatingIP": false, "loadDistribution": "Default",
		}))
	}
	body := tagged(envelope(v.ID, balancerType, v.Location, v.Tags, object{
		"frontendIPConfigurations": frontends, "backendAddressPools": pools, "inboundNatRules": nats, "loadBalancingRules": rules,
		"probes": []object{}, "outboundRules": []object{}, "inboundNatPools": []object{},
	}))
	body["sku"] = object{"name": "Standard", "tier": "Regional"}
	return body
}

func (s *Sim) listBalancers(c *call) reply { return page(s, c, s.edge.balancers, s.balancerBody) }

func (s *Sim) getBalancer(c *call) reply {
	return found(c, s.edge.balancers, balancerType, s.balancerBody)
}

// balance adds to an ip configuration the pools and inbound NAT rules that
// lead to it.
func (s *Sim) balance(config object) {
	x, id := s.indexed(), key(config["id"].(string))
	properties := config["properties"].(object)
	if pools := x.pools[id]; len(pools) > 0 {
		properties["loadBalancerBackendAddressPools"] = references(pools)
	}
	if rules := x.natRules[id]; len(rules) > 0 {
		properties["loadBalancerInboundNatRules"] = references(rules)
	}
}

// indexEdge adds who uses public addresses and subnets besides interfaces,
// and what leads to an interface.
func (s *Sim) indexEdge(x *index) {
	for _, k := range sortedKeys(s.edge.firewalls) {
		d := s.edge.firewalls[k]
		for i, c := range d.written.configs {
			id := d.id + "/ipConfigurations/" + c.name
			x.publicConfigs[key(c.publicIP)] = append(x.publicConfigs[key(c.publicIP)], id)
			if i == 0 {
				x.subnetConfigs[key(d.written.subnet)] = append(x.subnetConfigs[key(d.written.subnet)], id)
			}
		}
	}
	s.indexBalancers(x)
	s.indexGateways(x)
}

func (s *Sim) indexBalancers(x *index) {
	for _, k := range sortedKeys(s.edge.balancers) {
		v := s.edge.balancers[k]
		for _, f := range v.Frontends {
			id := v.ID + "/frontendIPConfigurations/" + f.Name
			x.publicConfigs[key(f.PublicIP)] = append(x.publicConfigs[key(f.PublicIP)], id)
			x.subnetConfigs[key(f.Subnet)] = append(x.subnetConfigs[key(f.Subnet)], id)
		}
		for _, p := range v.Pools {
			for _, config := range p.IPConfigs {
				x.pools[key(config)] = append(x.pools[key(config)], v.ID+"/backendAddressPools/"+p.Name)
			}
		}
		for _, r := range v.NATRules {
			x.natRules[key(r.IPConfig)] = append(x.natRules[key(r.IPConfig)], v.ID+"/inboundNatRules/"+r.Name)
		}
	}
}
