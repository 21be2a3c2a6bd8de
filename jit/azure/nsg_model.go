package azure

import "github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

// securityGroup is a network security group's document, as far as it is read.
// https://learn.microsoft.com/rest/api/virtualnetwork/network-security-groups/get
type securityGroup struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Location   string `json:"location"`
	Properties struct {
		State        provisioningState `json:"provisioningState"`
		Rules        []*securityRule   `json:"securityRules"`
		DefaultRules []*securityRule   `json:"defaultSecurityRules"`
	} `json:"properties"`
}

// securityRule is one rule of a group. Azure keeps one value in a singular
// field and several in a plural one.
// https://learn.microsoft.com/rest/api/virtualnetwork/security-rules/get
type securityRule struct {
	Name       string `json:"name"`
	Properties struct {
		State               provisioningState                `json:"provisioningState"`
		Priority            int32                            `json:"priority"`
		Direction           armnetwork.SecurityRuleDirection `json:"direction"`
		Access              armnetwork.SecurityRuleAccess    `json:"access"`
		Protocol            armnetwork.SecurityRuleProtocol  `json:"protocol"`
		Source              string                           `json:"sourceAddressPrefix"`
		Sources             []*string                        `json:"sourceAddressPrefixes"`
		SourceGroups        []*resourceRef                   `json:"sourceApplicationSecurityGroups"`
		SourcePort          string                           `json:"sourcePortRange"`
		SourcePortList      []*string                        `json:"sourcePortRanges"`
		Destination         string                           `json:"destinationAddressPrefix"`
		Destinations        []*string                        `json:"destinationAddressPrefixes"`
		DestinationGroups   []*resourceRef                   `json:"destinationApplicationSecurityGroups"`
		DestinationPort     string                           `json:"destinationPortRange"`
		DestinationPortList []*string                        `json:"destinationPortRanges"`
		Description         string                           `json:"description"`
	} `json:"properties"`
}
