package azuresim

// Subscription is an Azure subscription.
type Subscription struct {
	// ID is its GUID, without "/subscriptions/".
	ID string
	// Name is shown to people.
	Name string
	// ManagementGroups are the names of the groups above it; roles assigned
	// there are inherited.
	ManagementGroups []string
}

// ResourceGroup holds resources.
type ResourceGroup struct {
	// Subscription is the GUID of the subscription it is in.
	Subscription string
	// Name may be written in any case by clients.
	Name     string
	Location string
	Tags     map[string]string
}

// VM is a virtual machine.
type VM struct {
	// ID is the whole resource id.
	ID string
	// VMID is the property vmId, a GUID. Empty: that of the machine it
	// replaces; otherwise another one for each machine that is created under
	// the id after one was deleted.
	VMID     string
	Location string
	Tags     map[string]string
	// OS is Linux or Windows.
	OS string
	// Power is running, deallocated, stopped, starting, ...; it becomes the
	// status code PowerState/<Power>. Empty: running.
	Power string
	Size  string
	// NICs are the ids of its network interfaces, the first is the primary.
	NICs []string
}

// NIC is a network interface.
type NIC struct {
	ID string
	// GUID is the property resourceGuid; empty as VM.VMID.
	GUID     string
	Location string
	Tags     map[string]string
	// NSG is the id of the network security group on it, or empty.
	NSG string
	IPs []IPConfig
}

// IPConfig is one address of a network interface.
type IPConfig struct {
	Name string
	// Address is the private address, IPv4 or IPv6, or a block of them such as
	// 10.10.1.32/28.
	Address string
	// Subnet is the id of the subnet it is in.
	Subnet string
	// PublicIP is the id of a public address in front of it, or empty.
	PublicIP string
	// ASGs are ids of application security groups.
	ASGs []string
	// Static says that the address was chosen, not leased.
	Static bool
}

// VNet is a virtual network.
type VNet struct {
	ID       string
	Location string
	Tags     map[string]string
	// Prefixes are its address space in CIDR form.
	Prefixes []string
	// Peers are ids of peered networks, whose prefixes count as
	// VirtualNetwork too.
	Peers []string
	// OnPremises are prefixes that a gateway has learned; they count as
	// VirtualNetwork, as those that its connections name.
	OnPremises []string
	// GatewayOf is the id of the peer whose gateway it uses, or empty.
	GatewayOf string
	Subnets   []Subnet
}

// Subnet is a part of a VNet.
type Subnet struct {
	Name     string
	Prefixes []string
	// NSG is the id of the network security group on it, RouteTable that of
	// its route table, or empty.
	NSG, RouteTable string
}

// PublicIP is a public address.
type PublicIP struct {
	ID       string
	Location string
	Address  string
}

// NSG is a network security group, to seed or replace one.
type NSG struct {
	ID       string
	Location string
	Tags     map[string]string
	// Rules are the rules people wrote; the six default ones are always
	// there.
	Rules []Rule
	// FlushConnection is the property flushConnection.
	FlushConnection bool
}

// Rule is a security rule, in ARM's own terms: of the singular and the plural
// form of a field exactly one is set. It is what was written, not what it
// means.
type Rule struct {
	Name                       string   `json:"name"`
	Description                string   `json:"description,omitempty"`
	Protocol                   string   `json:"protocol"`
	SourcePortRange            string   `json:"sourcePortRange,omitempty"`
	SourcePortRanges           []string `json:"sourcePortRanges,omitempty"`
	DestinationPortRange       string   `json:"destinationPortRange,omitempty"`
	DestinationPortRanges      []string `json:"destinationPortRanges,omitempty"`
	SourceAddressPrefix        string   `json:"sourceAddressPrefix,omitempty"`
	SourceAddressPrefixes      []string `json:"sourceAddressPrefixes,omitempty"`
	SourceASGs                 []string `json:"sourceApplicationSecurityGroups,omitempty"`
	DestinationAddressPrefix   string   `json:"destinationAddressPrefix,omitempty"`
	DestinationAddressPrefixes []string `json:"destinationAddressPrefixes,omitempty"`
	DestinationASGs            []string `json:"destinationApplicationSecurityGroups,omitempty"`
	Access                     string   `json:"access"`
	Priority                   int      `json:"priority"`
	Direction                  string   `json:"direction"`
}

// User is an Entra user.
type User struct {
	// ID is the object id.
	ID          string
	UPN         string
	Mail        string
	DisplayName string
	// Disabled is the opposite of accountEnabled.
	Disabled bool
}

// Group is an Entra group, or something else that a user belongs to.
type Group struct {
	ID   string
	Name string
	// Kind is directoryRole or administrativeUnit; empty: a group.
	Kind string
	// Members are object ids of users, service principals and other groups.
	Members []string
}

// RoleDefinition is a role: what it permits.
type RoleDefinition struct {
	// ID is the GUID alone.
	ID          string
	Name        string
	Description string
	// Custom says that it is not built in.
	Custom              bool
	Actions, NotActions []string
	DataActions         []string
	NotDataActions      []string
	AssignableScopes    []string
	// Condition is an ABAC condition on the permission itself, or empty.
	Condition string
	// More are further elements of the list of permissions.
	More []Permission
}

// Permission is an element of a role definition's list of permissions.
type Permission struct {
	Actions, NotActions         []string
	DataActions, NotDataActions []string
	// Condition is an ABAC condition on the permission, or empty.
	Condition string
}

// RoleAssignment gives a role to somebody at a scope.
type RoleAssignment struct {
	// Name is the GUID of the assignment; empty: made up.
	Name string
	// Scope is "/", a management group's id, a subscription, a group or a
	// resource.
	Scope string
	// Role is the GUID of the role definition.
	Role string
	// Principal is an object id; PrincipalType is User, Group or
	// ServicePrincipal, worked out when empty.
	Principal, PrincipalType string
	// Condition is an ABAC condition, or empty.
	Condition string
}

// Everyone is the principal of a deny assignment that means all principals.
const Everyone = "00000000-0000-0000-0000-000000000000"

// DenyAssignment takes rights away at a scope.
type DenyAssignment struct {
	// ID is the GUID of the assignment; empty: made up.
	ID                  string
	Name                string
	Scope               string
	Actions, NotActions []string
	// Principals are object ids of users, groups, service principals, or
	// Everyone; ExcludePrincipals are spared.
	Principals, ExcludePrincipals []string
	DoNotApplyToChildScopes       bool
	Condition                     string
}

// Levels of a Lock.
const (
	ReadOnly     = "ReadOnly"
	CanNotDelete = "CanNotDelete"
)

// Lock is a management lock.
type Lock struct {
	Name string
	// Scope is what is locked: a subscription, a group or a resource, and all
	// below it.
	Scope string
	// Level is ReadOnly or CanNotDelete.
	Level string
	Notes string
}
