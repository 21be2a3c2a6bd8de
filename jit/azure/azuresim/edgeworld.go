package azuresim

// Firewall is an Azure Firewall, to seed or replace one.
type Firewall struct {
	ID       string
	Location string
	Tags     map[string]string
	// Subnet is the id of its subnet, which Azure wants to be called
	// AzureFirewallSubnet.
	Subnet string
	// PrivateAddress is what routes name as their next hop; empty: the first
	// that Azure gives out in the subnet.
	PrivateAddress string
	// PrivateAddress6 is its IPv6 address in a subnet of both families; empty: none.
	PrivateAddress6 string
	// PublicIPs are ids of its public addresses.
	PublicIPs []string
	// Policy is the id of its firewall policy; then it has no rules of its
	// own.
	Policy string
	// Collections are its classic rules, of all three kinds.
	Collections []RuleCollection
	// Properties are further members of its "properties", as they are.
	Properties map[string]any
}

// Kinds of a RuleCollection.
const (
	NAT         = "nat"
	Network     = "network"
	Application = "application"
)

// RuleCollection is a collection of a firewall or of a rule collection group.
type RuleCollection struct {
	Name string
	// Kind is NAT, Network or Application.
	Kind     string
	Priority int
	// Action is Allow or Deny; of a NAT collection Dnat.
	Action string
	Rules  []FirewallRule
}

// FirewallRule is a rule of a collection, in the terms of both kinds of
// firewall.
type FirewallRule struct {
	Name, Description string
	// Protocols are TCP, UDP, ICMP or Any; of an application rule such as
	// Https:443.
	Protocols []string
	// Sources and Destinations are addresses, prefixes, ranges, service tags
	// or "*"; of an application rule Destinations are names of hosts.
	Sources, Destinations []string
	Ports                 []string
	// TranslatedAddress and TranslatedPort are where a NAT rule leads; a
	// TranslatedFqdn stands in place of the address (see SetHost).
	TranslatedAddress, TranslatedFqdn, TranslatedPort string
}

// FirewallPolicy is a firewall policy, to seed or replace one without its
// groups.
type FirewallPolicy struct {
	ID       string
	Location string
	Tags     map[string]string
	// Base is the id of the parent policy, or empty.
	Base string
	// PrivateRanges are destinations whose senders are not translated; nil:
	// Azure's default.
	PrivateRanges []string
	// AutoLearn says that its firewalls learn more of them, which are Learned and
	// shown nowhere in the policy.
	AutoLearn bool
	Learned   []string
	// Properties are further members of its "properties", as they are.
	Properties map[string]any
}

// RuleCollectionGroup is a rule collection group of a policy, to seed or
// replace one.
type RuleCollectionGroup struct {
	// Policy is the policy's id.
	Policy      string
	Name        string
	Priority    int
	Collections []RuleCollection
}

// RouteTable is a table of routes.
type RouteTable struct {
	ID       string
	Location string
	Tags     map[string]string
	Routes   []Route
}

// Route sends what is for a prefix somewhere else.
type Route struct {
	Name string
	// Prefix is in CIDR form, or a service tag, which decides nothing here.
	Prefix string
	// NextHopType is VirtualAppliance, VirtualApplianceEcmp, VnetLocal,
	// Internet, VirtualNetworkGateway or None; NextHop the address of a
	// VirtualAppliance.
	NextHopType, NextHop string
	// NextHops are the addresses of a VirtualApplianceEcmp, 2 to 64, among
	// which flows are spread.
	NextHops []string
}

// LoadBalancer is a load balancer of interfaces.
type LoadBalancer struct {
	ID        string
	Location  string
	Tags      map[string]string
	Frontends []Frontend
	Pools     []BackendPool
	NATRules  []InboundNATRule
	Rules     []BalancingRule
}

// Frontend is an address that a load balancer answers at.
type Frontend struct {
	Name string
	// PublicIP is the id of a public address; else Subnet and Address say
	// where it is inside.
	PublicIP, Subnet, Address string
}

// BackendPool are the machines behind a load balancer.
type BackendPool struct {
	Name string
	// IPConfigs are ids of ip configurations of interfaces.
	IPConfigs []string
	// VNet and Addresses are the network's id and the addresses in it of a pool
	// by address, which has no IPConfigs; interfaces do not show it.
	VNet      string
	Addresses []string
}

// InboundNATRule leads one port of a frontend to one machine.
type InboundNATRule struct {
	Name string
	// Frontend is a frontend's name.
	Frontend string
	// Protocol is Tcp, Udp or All.
	Protocol                  string
	FrontendPort, BackendPort int
	// IPConfig is the id of an interface's ip configuration.
	IPConfig string
	// Pool is the name of a pool whose members have a port each, from
	// FrontendStart on, at most to FrontendEnd; then FrontendPort and IPConfig
	// are not set.
	Pool                       string
	FrontendStart, FrontendEnd int
}

// BalancingRule spreads a port of a frontend over a pool.
type BalancingRule struct {
	Name, Frontend, Pool      string
	Protocol                  string
	FrontendPort, BackendPort int
}

// ApplicationSecurityGroup is a name that rules use for interfaces; who is in
// it says IPConfig.ASGs.
type ApplicationSecurityGroup struct {
	ID       string
	Location string
	Tags     map[string]string
}

// PutRouteTable adds or replaces a route table; Subnet.RouteTable puts it to
// use.
func (s *Sim) PutRouteTable(v RouteTable) { put(s, s.edge.routeTables, key(v.ID), v) }

// PutLoadBalancer adds or replaces a load balancer.
func (s *Sim) PutLoadBalancer(v LoadBalancer) { put(s, s.edge.balancers, key(v.ID), v) }

// PutASG adds or replaces an application security group.
func (s *Sim) PutASG(v ApplicationSecurityGroup) { put(s, s.edge.asgs, key(v.ID), v) }

// DeleteRouteTable removes a route table; subnets keep naming it.
func (s *Sim) DeleteRouteTable(id string) { remove(s, s.edge.routeTables, id) }

// DeleteLoadBalancer removes a load balancer.
func (s *Sim) DeleteLoadBalancer(id string) { remove(s, s.edge.balancers, id) }
