package azuresim

import (
	"cmp"
	"net/http"
	"strings"
	"time"
)

// beginEffectiveRules begins to list the rules that are in effect on a network
// interface, whose machine must be running.
func (s *Sim) beginEffectiveRules(c *call) reply {
	id := c.path.id[:strings.LastIndexByte(c.path.id, '/')]
	nic, there := s.nics[key(id)]
	if !there {
		return missingResource(c.path, "Microsoft.Network/networkInterfaces").reply()
	}
	if !s.runs(nic.ID) {
		return invalid("NicMustBeAttachedToRunningVmToGetEffectiveSecurityGroups",
			"Network interface %s must be attached to a running VM to get effective security groups.", nic.ID).reply()
	}
	op := s.accept(c, "GetEffectiveNetworkSecurityGroupsOperation", nic.Location, s.settings.OperationTime)
	op.done = func() {}
	op.answer = func() object { return s.effectiveRules(nic) }
	return reply{status: http.StatusAccepted, header: op.headers(c, s.settings.RetryAfter)}
}

// runs reports whether the machine of the interface is running.
func (s *Sim) runs(nic string) bool {
	for _, vm := range s.vms {
		for _, id := range vm.NICs {
			if key(id) == key(nic) {
				return cmp.Or(vm.Power, "running") == "running"
			}
		}
	}
	return false
}

// effectiveRules are those that filter now, in Azure's form: one group each of the
// interface and of its subnet, names with what they are of, ranges of ports.
func (s *Sim) effectiveRules(nic NIC) object {
	s.settle(time.Now())
	bodies := []object{}
	add := func(nsg string, association object) {
		g := s.nsgs[key(nsg)]
		if g == nil {
			return
		}
		rules := []object{}
		for _, r := range g.applied {
			rules = append(rules, effectiveRule("securityRules/", r))
		}
		for _, r := range defaultRules() {
			rules = append(rules, effectiveRule("defaultSecurityRules/", r))
		}
		bodies = append(bodies, object{
			"networkSecurityGroup": object{"id": g.id}, "association": association, "effectiveSecurityRules": rules,
		})
	}
	if nic.NSG != "" {
		add(nic.NSG, object{"networkInterface": object{"id": nic.ID}})
	}
	if len(nic.IPs) > 0 {
		network, name, _ := strings.Cut(key(nic.IPs[0].Subnet), "/subnets/")
		for _, subnet := range s.vnets[network].Subnets {
			if strings.EqualFold(subnet.Name, name) && subnet.NSG != "" {
				add(subnet.NSG, object{"subnet": object{"id": nic.IPs[0].Subnet}})
			}
		}
	}
	return object{"value": bodies, "nextLink": ""}
}

func effectiveRule(of string, r Rule) object {
	protocol := r.Protocol
	if protocol == "*" {
		protocol = "All"
	}
	return object{
		"name": of + r.Name, "protocol": protocol, "access": r.Access, "priority": r.Priority, "direction": r.Direction,
		"sourcePortRanges":           rangesOf(r.SourcePortRange, r.SourcePortRanges),
		"destinationPortRanges":      rangesOf(r.DestinationPortRange, r.DestinationPortRanges),
		"sourceAddressPrefixes":      prefixesOf(r.SourceAddressPrefix, r.SourceAddressPrefixes),
		"destinationAddressPrefixes": prefixesOf(r.DestinationAddressPrefix, r.DestinationAddressPrefixes),
	}
}

func rangesOf(one string, many []string) []string {
	var out []string
	for _, p := range append([]string{one}, many...) {
		switch {
		case p == "*":
			out = append(out, "0-65535")
		case p != "" && !strings.Contains(p, "-"):
			out = append(out, p+"-"+p)
		case p != "":
			out = append(out, p)
		}
	}
	return out
}

func prefixesOf(one string, many []string) []string {
	var out []string
	for _, p := range append([]string{one}, many...) {
		switch {
		case p == "*":
			out = append(out, "0.0.0.0/0", "0.0.0.0/0") // as Azure repeats it
		case p != "":
			out = append(out, p)
		}
	}
	return out
}
