package azure

import "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

// networkInterface is a network interface's document, as far as it is read.
// https://learn.microsoft.com/rest/api/virtualnetwork/network-interfaces/get
type networkInterface struct {
	ID         string `json:"id"`
	Properties struct {
		SecurityGroup    resourceRef        `json:"networkSecurityGroup"`
		IPConfigurations []*ipConfiguration `json:"ipConfigurations"`
	} `json:"properties"`
}

// ipConfiguration is one private address of an interface, or a block of them.
type ipConfiguration struct {
	ID         string `json:"id"`
	Properties struct {
		Private        privateAddresses `json:"privateIPAddress"`
		PrefixLength   int              `json:"privateIPAddressPrefixLength"`
		Subnet         *resourceRef     `json:"subnet"`
		PublicIP       *resourceRef     `json:"publicIPAddress"`
		SecurityGroups []*resourceRef   `json:"applicationSecurityGroups"`
	} `json:"properties"`
}

// private are its addresses, of which the length of a block may stand beside it.
func (c ipConfiguration) private() privateAddresses {
	p := c.Properties.Private
	if len(p.List) == 1 && c.Properties.PrefixLength > 0 {
		return readPrivateAddresses(p.List[0].String(), c.Properties.PrefixLength)
	}
	return p
}

// virtualNetwork is a network's document, as far as it is read.
// https://learn.microsoft.com/rest/api/virtualnetwork/virtual-networks/get
type virtualNetwork struct {
	ID         string                    `json:"id"`
	Properties *virtualNetworkProperties `json:"properties"`
}

type virtualNetworkProperties struct {
	AddressSpace addressSpace `json:"addressSpace"`
	Subnets      []*subnet    `json:"subnets"`
	Peerings     []*peering   `json:"virtualNetworkPeerings"`
}

type addressSpace struct {
	Prefixes []string `json:"addressPrefixes"`
}

// subnet is a subnet's document, as far as it is read.
// https://learn.microsoft.com/rest/api/virtualnetwork/subnets/get
type subnet struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Properties struct {
		Prefix           string         `json:"addressPrefix"`
		Prefixes         []string       `json:"addressPrefixes"`
		SecurityGroup    resourceRef    `json:"networkSecurityGroup"`
		RouteTable       *resourceRef   `json:"routeTable"`
		IPConfigurations []*resourceRef `json:"ipConfigurations"`
	} `json:"properties"`
}

// peering is one end of the connection of two networks, that of the network
// whose document it is in.
type peering struct {
	Properties peeringProperties `json:"properties"`
}

type peeringProperties struct {
	State              armnetwork.VirtualNetworkPeeringState `json:"peeringState"`
	AllowAccess        bool                                  `json:"allowVirtualNetworkAccess"`
	UseRemoteGateways  bool                                  `json:"useRemoteGateways"`
	RemoteNetwork      *resourceRef                          `json:"remoteVirtualNetwork"`
	RemoteNetworkSpace *addressSpace                         `json:"remoteVirtualNetworkAddressSpace"`
	RemoteSpace        addressSpace                          `json:"remoteAddressSpace"`
}
