package azure

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit"
	"jitbot/jit/resource"
)

// vmParts are what virtual machines are joined from, by lower-case id.
type vmParts struct {
	*networkLists
	vms         []*virtualMachine
	nics        map[string]*networkInterface
	subnetNSGs  map[string]string // of subnets that were read, empty where there is none
	publicAddrs map[string]string // addresses of public IPs
}

func newVMParts(l *networkLists) *vmParts {
	return &vmParts{
		networkLists: l, nics: map[string]*networkInterface{}, subnetNSGs: map[string]string{}, publicAddrs: map[string]string{},
	}
}

// VMs lists the virtual machines of a subscription, from five lists: machines,
// interfaces, networks, public addresses and firewalls; where there are firewalls,
// also from the route tables and their policies. Firewalls of other subscriptions
// are as they were last read, when they cannot be read now. The machines carry no
// power state and are sorted by
// id. An interface that came or went while the lists were read is
// left out, which is logged; the machine is Partial then. What stands as an
// address and cannot be read as one is Unread of its interface.
// https://learn.microsoft.com/rest/api/compute/virtual-machines/list-all
func (c *Client) VMs(ctx context.Context, subscription string) (vms []jit.VM, err error) {
	id := strings.ToLower(subscription)
	defer c.health.begin(id, "machines")(&err)
	p := newVMParts(newNetworkLists())
	ids := []string{id}
	err = c.listAll(ctx, ids, listing{"machines", p.listVMs}, listing{"interfaces", p.listInterfaces}, listing{"networks", p.listNetworks},
		listing{"public addresses", p.listPublicIPs}, listing{"firewalls", c.listFirewalls(p.networkLists)})
	routed := len(p.firewalls) > 0 || len(c.networks.all(c.configured).firewalls) > 0
	if err == nil && routed {
		err = errors.Join(c.listAll(ctx, ids, listing{"route tables", p.listRoutes}), c.readPolicies(ctx, p.networkLists))
	}
	if err != nil {
		return nil, err
	}
	p.indexNetworks()
	c.networks.keep(id, p.networkLists, routed)
	if p.networkLists, err = c.recentLists(ctx, id); err != nil {
		return nil, err
	}
	return p.join(ctx, c.log), nil
}

// join puts the machines together.
func (p *vmParts) join(ctx context.Context, log *slog.Logger) []jit.VM {
	slices.SortFunc(p.vms, func(a, b *virtualMachine) int {
		return strings.Compare(strings.ToLower(a.ID), strings.ToLower(b.ID))
	})
	vms := make([]jit.VM, 0, len(p.vms))
	for _, m := range p.vms {
		vm, faults := p.vm(m)
		for _, err := range faults {
			log.WarnContext(ctx, "inventory is incomplete", slog.String("vm", vm.ID), slog.Any("error", err))
		}
		vm.Partial = len(faults) > 0
		vms = append(vms, vm)
	}
	return vms
}

// Powers reads the power states of the virtual machines of the configured
// subscriptions, by id in lower case, from one list each, side by side. What could
// be read comes with the error.
// https://learn.microsoft.com/rest/api/compute/virtual-machines/list-all
func (c *Client) Powers(ctx context.Context) (map[string]string, error) {
	var mu sync.Mutex
	out := map[string]string{}
	err := c.eachSubscription(func(s *subscription) error {
		address := s.listAddress(vmType) + "&statusOnly=true"
		err := listInto(ctx, s.manager, address, func(m *virtualMachine) {
			mu.Lock()
			defer mu.Unlock()
			out[strings.ToLower(m.ID)] = m.powerState()
		})
		if err != nil {
			return fmt.Errorf("listing the power states of subscription %s: %w", s.id, err)
		}
		return nil
	})
	return out, err
}

// eachSubscription does something for each of the configured, side by side, and
// joins what went wrong.
func (c *Client) eachSubscription(do func(*subscription) error) error {
	faults := make([]error, len(c.configured))
	var wg sync.WaitGroup
	for i, id := range c.configured {
		wg.Go(func() {
			s, err := c.subscription(id)
			if err == nil {
				err = do(s)
			}
			faults[i] = err
		})
	}
	wg.Wait()
	return errors.Join(faults...)
}

// Interfaces lists the network interfaces of the configured subscriptions, also those
// that no machine has, from two lists each, without public addresses and firewalls.
// https://learn.microsoft.com/rest/api/virtualnetwork/network-interfaces/list-all
func (c *Client) Interfaces(ctx context.Context) ([]jit.Interface, error) {
	p := newVMParts(newNetworkLists())
	if err := c.listAll(ctx, c.configured, listing{"interfaces", p.listInterfaces}, listing{"networks", p.listNetworks}); err != nil {
		return nil, err
	}
	p.indexNetworks()
	out := make([]jit.Interface, 0, len(p.nics))
	for _, n := range p.nics {
		nic := p.networkInterface(n)
		for _, a := range nic.Addresses {
			if !p.knowsSubnet(a) { // whatever is before it
				nic.Unread = append(nic.Unread, a.Addr.String())
			}
		}
		out = append(out, nic)
	}
	return out, nil
}

func (p *vmParts) listVMs(ctx context.Context, s *subscription) error {
	return listInto(ctx, s.manager, s.listAddress(vmType), func(m *virtualMachine) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.vms = append(p.vms, m)
	})
}

func (p *vmParts) listInterfaces(ctx context.Context, s *subscription) error {
	return listInto(ctx, s.manager, s.listAddress(nicType), func(n *networkInterface) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.nics[strings.ToLower(n.ID)] = n
	})
}

// indexNetworks keeps what the lists of networks and public addresses say of single
// ones.
func (p *vmParts) indexNetworks() {
	for _, n := range p.networks {
		for _, s := range values(n.Properties.Subnets) {
			p.addSubnet(s.ID, s.Properties.SecurityGroup.ID)
		}
	}
	for _, a := range p.publicIPs {
		p.addPublicIP(&a)
	}
}

func (p *vmParts) addSubnet(id, nsg string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.subnetNSGs[strings.ToLower(id)] = nsg
}

func (p *vmParts) addPublicIP(a *armnetwork.PublicIPAddress) {
	if a == nil || a.Properties == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.publicAddrs[strings.ToLower(value(a.ID))] = value(a.Properties.IPAddress)
}

// vm puts a machine together with its interfaces. The faults say what had to
// be left out.
func (p *vmParts) vm(m *virtualMachine) (jit.VM, []error) {
	vm := jit.VM{
		ID: m.ID, VMID: m.Properties.VMID, Name: m.Name, Location: m.Location, Blind: p.unread[resource.Subscription(m.ID)],
	}
	if id, err := arm.ParseResourceID(vm.ID); err == nil {
		vm.Group = id.ResourceGroupName
	}
	if len(m.Tags) > 0 {
		vm.Tags = m.Tags
	}
	vm.OS, vm.Power = m.Properties.StorageProfile.OSDisk.OSType, m.powerState()
	var faults []error
	for _, id := range m.interfaceIDs() {
		n := p.nics[strings.ToLower(id)]
		if n == nil {
			faults = append(faults, fmt.Errorf("interface %s is not listed", id))
			continue
		}
		nic := p.networkInterface(n)
		for _, a := range nic.Addresses {
			if !p.knowsSubnet(a) {
				faults = append(faults, fmt.Errorf("subnet %s is not listed", a.Subnet))
			}
		}
		vm.Interfaces = append(vm.Interfaces, nic)
		vm.Blind = vm.Blind || slices.ContainsFunc(nic.Addresses, p.mayHideFirewall)
	}
	return vm, faults
}

func (p *vmParts) networkInterface(n *networkInterface) jit.Interface {
	nic := jit.Interface{ID: n.ID, Guard: n.Properties.SecurityGroup.ID}
	for _, conf := range values(n.Properties.IPConfigurations) {
		private := conf.private()
		if private.Unread != "" {
			nic.Unread = append(nic.Unread, private.Unread)
		}
		address := p.addressOf(conf)
		for _, addr := range private.List {
			address.Addr = addr
			address.FirewallHops = p.firewallsBefore(address)
			nic.Addresses = append(nic.Addresses, address)
		}
	}
	return nic
}

// knowsSubnet reports whether the subnet of the address was read: of one that a list
// left out nobody knows whether it has a group.
func (p *vmParts) knowsSubnet(a jit.Address) bool {
	_, known := p.subnetNSGs[strings.ToLower(a.Subnet)]
	return known || a.Subnet == ""
}

// addressOf is what all addresses of the configuration have in common.
func (p *vmParts) addressOf(conf ipConfiguration) jit.Address {
	a := conf.Properties
	address := jit.Address{Groups: groupIDs(a.SecurityGroups)}
	if a.Subnet != nil {
		address.Subnet = a.Subnet.ID
		address.SubnetGuard = p.subnetNSGs[strings.ToLower(address.Subnet)]
	}
	if a.PublicIP != nil {
		address.Public = p.publicAddrs[strings.ToLower(a.PublicIP.ID)]
	}
	return address
}
