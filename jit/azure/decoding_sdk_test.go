package azure

import (
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"
)

// What the SDK's types hold, as the types that are read into here.

func convertAll[From, To any](list []*From, convert func(*From) *To) []*To {
	var out []*To
	for _, v := range list {
		if v == nil {
			out = append(out, nil)
		} else {
			out = append(out, convert(v))
		}
	}
	return out
}

func groupOfSDK(g *armnetwork.SecurityGroup) *securityGroup {
	out := &securityGroup{ID: value(g.ID), Name: value(g.Name), Location: value(g.Location)}
	p := value(g.Properties)
	out.Properties.State = provisioningState(value(p.ProvisioningState))
	out.Properties.Rules = convertAll(p.SecurityRules, ruleOfSDK)
	out.Properties.DefaultRules = convertAll(p.DefaultSecurityRules, ruleOfSDK)
	return out
}

func ruleOfSDK(r *armnetwork.SecurityRule) *securityRule {
	refs := func(list []*armnetwork.ApplicationSecurityGroup) []*resourceRef {
		return convertAll(list, func(g *armnetwork.ApplicationSecurityGroup) *resourceRef { return &resourceRef{value(g.ID)} })
	}
	out := &securityRule{Name: value(r.Name)}
	p, to := value(r.Properties), &out.Properties
	to.State, to.Priority = provisioningState(value(p.ProvisioningState)), value(p.Priority)
	to.Direction, to.Access, to.Protocol = value(p.Direction), value(p.Access), value(p.Protocol)
	to.Source, to.Sources = value(p.SourceAddressPrefix), p.SourceAddressPrefixes
	to.SourceGroups, to.DestinationGroups = refs(p.SourceApplicationSecurityGroups), refs(p.DestinationApplicationSecurityGroups)
	to.SourcePort, to.SourcePortList = value(p.SourcePortRange), p.SourcePortRanges
	to.Destination, to.Destinations = value(p.DestinationAddressPrefix), p.DestinationAddressPrefixes
	to.DestinationPort, to.DestinationPortList = value(p.DestinationPortRange), p.DestinationPortRanges
	to.Description = value(p.Description)
	return out
}

// refOfSDK is the id of what is referred to, nil where there is nothing.
func refOfSDK[T any](to *T, id func(*T) *string) *resourceRef {
	if to == nil {
		return nil
	}
	return &resourceRef{value(id(to))}
}

func interfaceOfSDK(n *armnetwork.Interface) *networkInterface {
	out := &networkInterface{ID: value(n.ID)}
	p := value(n.Properties)
	out.Properties.SecurityGroup.ID = value(value(p.NetworkSecurityGroup).ID)
	out.Properties.IPConfigurations = convertAll(p.IPConfigurations, func(c *armnetwork.InterfaceIPConfiguration) *ipConfiguration {
		out := &ipConfiguration{ID: value(c.ID)}
		p, to := value(c.Properties), &out.Properties
		to.Private = readPrivateAddresses(value(p.PrivateIPAddress), 0)
		if p.PrivateIPAddressPrefixLength != nil {
			to.PrefixLength = int(*p.PrivateIPAddressPrefixLength)
		}
		to.Subnet = refOfSDK(p.Subnet, func(s *armnetwork.Subnet) *string { return s.ID })
		to.PublicIP = refOfSDK(p.PublicIPAddress, func(a *armnetwork.PublicIPAddress) *string { return a.ID })
		to.SecurityGroups = convertAll(p.ApplicationSecurityGroups, func(g *armnetwork.ApplicationSecurityGroup) *resourceRef {
			return &resourceRef{value(g.ID)}
		})
		return out
	})
	return out
}

func networkOfSDK(n *armnetwork.VirtualNetwork) *virtualNetwork {
	out := &virtualNetwork{ID: value(n.ID)}
	if p := n.Properties; p != nil {
		out.Properties = &virtualNetworkProperties{
			AddressSpace: spaceOfSDK(p.AddressSpace),
			Subnets:      convertAll(p.Subnets, subnetOfSDK), Peerings: convertAll(p.VirtualNetworkPeerings, peeringOfSDK),
		}
	}
	return out
}

// spaceOfSDK has an empty text for each null, which is no prefix either.
func spaceOfSDK(s *armnetwork.AddressSpace) addressSpace {
	return addressSpace{textsOfSDK(value(s).AddressPrefixes)}
}

func textsOfSDK(list []*string) []string {
	var out []string
	for _, text := range list {
		out = append(out, value(text))
	}
	return out
}

func subnetOfSDK(s *armnetwork.Subnet) *subnet {
	out := &subnet{ID: value(s.ID), Name: value(s.Name)}
	p, to := value(s.Properties), &out.Properties
	to.Prefix, to.Prefixes = value(p.AddressPrefix), textsOfSDK(p.AddressPrefixes)
	to.SecurityGroup.ID = value(value(p.NetworkSecurityGroup).ID)
	to.RouteTable = refOfSDK(p.RouteTable, func(t *armnetwork.RouteTable) *string { return t.ID })
	to.IPConfigurations = convertAll(p.IPConfigurations, func(c *armnetwork.IPConfiguration) *resourceRef { return &resourceRef{value(c.ID)} })
	return out
}

func peeringOfSDK(v *armnetwork.VirtualNetworkPeering) *peering {
	out := &peering{}
	p, to := value(v.Properties), &out.Properties
	to.State, to.AllowAccess, to.UseRemoteGateways = value(p.PeeringState), value(p.AllowVirtualNetworkAccess), value(p.UseRemoteGateways)
	to.RemoteNetwork = refOfSDK(p.RemoteVirtualNetwork, func(r *armnetwork.SubResource) *string { return r.ID })
	if s := p.RemoteVirtualNetworkAddressSpace; s != nil {
		to.RemoteNetworkSpace = new(spaceOfSDK(s))
	}
	to.RemoteSpace = spaceOfSDK(p.RemoteAddressSpace)
	return out
}

func vmOfSDK(m *armcompute.VirtualMachine) *virtualMachine {
	out := &virtualMachine{ID: value(m.ID), Name: value(m.Name), Location: value(m.Location), Tags: map[string]string{}}
	for name, text := range m.Tags {
		out.Tags[name] = value(text)
	}
	p, to := value(m.Properties), &out.Properties
	to.VMID = value(p.VMID)
	to.NetworkProfile.Interfaces = convertAll(value(p.NetworkProfile).NetworkInterfaces,
		func(r *armcompute.NetworkInterfaceReference) *resourceRef { return &resourceRef{value(r.ID)} })
	to.StorageProfile.OSDisk.OSType = string(value(value(value(p.StorageProfile).OSDisk).OSType))
	to.InstanceView.Statuses = convertAll(value(p.InstanceView).Statuses, func(s *armcompute.InstanceViewStatus) *instanceStatus {
		return &instanceStatus{value(s.Code)}
	})
	return out
}
