package azure

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v8"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit"
)

// vmParts are what virtual machines are joined from, by lower-case id.
type vmParts struct {
	*networkLists
	vms         []*armcompute.VirtualMachine
	nics        map[string]*armnetwork.Interface
	subnetNSGs  map[string]string // of subnets
	publicAddrs map[string]string // addresses of public IPs
	classicVMs  []jit.VM
}

func newVMParts(e *networkLists) *vmParts {
	return &vmParts{
		networkLists: e, nics: map[string]*armnetwork.Interface{}, subnetNSGs: map[string]string{}, publicAddrs: map[string]string{},
	}
}

// VMs lists the virtual machines of the configured subscriptions, from six
// lists each: machines, interfaces, networks, public addresses, firewalls and
// classic machines, which come last; where there are firewalls, also from the
// route tables and their policies. They carry no power state and are sorted by
// id. An interface that came or went while the lists were read is
// left out, and so is an address that cannot be read, which is logged; the
// machine is Partial then.
// https://learn.microsoft.com/rest/api/compute/virtual-machines/list-all
func (c *Client) VMs(ctx context.Context) ([]jit.VM, error) {
	p := newVMParts(newNetworkLists())
	err := c.listAll(ctx, listing{"machines", p.listVMs}, listing{"interfaces", p.listInterfaces}, listing{"networks", p.listNetworks},
		listing{"public addresses", p.listPublicIPs}, listing{"firewalls", c.listFirewalls(p.networkLists)},
		listing{"classic machines", c.listClassicVMs(p)})
	if err == nil && len(p.firewalls) > 0 {
		err = errors.Join(c.listAll(ctx, listing{"route tables", p.listRoutes}), c.readPolicies(ctx, p.networkLists))
	}
	if err != nil {
		return nil, err
	}
	p.indexNetworks()
	c.cacheLists(p.networkLists)
	slices.SortFunc(p.vms, func(a, b *armcompute.VirtualMachine) int {
		return strings.Compare(strings.ToLower(value(a.ID)), strings.ToLower(value(b.ID)))
	})
	vms := make([]jit.VM, 0, len(p.vms))
	for _, m := range p.vms {
		vm, faults := p.vm(m)
		for _, err := range faults {
			c.log.WarnContext(ctx, "inventory is incomplete", slog.String("vm", vm.ID), slog.Any("error", err))
		}
		vm.Partial = len(faults) > 0
		vms = append(vms, vm)
	}
	slices.SortFunc(p.classicVMs, func(a, b jit.VM) int { return strings.Compare(strings.ToLower(a.ID), strings.ToLower(b.ID)) })
	return append(vms, p.classicVMs...), nil
}

// Powers reads the power states of the virtual machines of the configured
// subscriptions, by id in lower case, from one list each.
// https://learn.microsoft.com/rest/api/compute/virtual-machines/list-all
func (c *Client) Powers(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	status := "true"
	for _, id := range c.configured {
		s, err := c.subscription(id)
		if err != nil {
			return nil, err
		}
		list := s.vms.NewListAllPager(&armcompute.VirtualMachinesClientListAllOptions{StatusOnly: &status})
		err = pages(ctx, list, func(page armcompute.VirtualMachinesClientListAllResponse) {
			for _, m := range values(page.Value) {
				out[strings.ToLower(value(m.ID))] = powerState(&m)
			}
		})
		if err != nil {
			return nil, fmt.Errorf("listing the power states of subscription %s: %w", id, err)
		}
	}
	return out, nil
}

func (p *vmParts) listVMs(ctx context.Context, s *subscription) error {
	return pages(ctx, s.vms.NewListAllPager(nil), func(page armcompute.VirtualMachinesClientListAllResponse) {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, m := range page.Value {
			if m != nil {
				p.vms = append(p.vms, m)
			}
		}
	})
}

func (p *vmParts) listInterfaces(ctx context.Context, s *subscription) error {
	return pages(ctx, s.nics.NewListAllPager(nil), func(page armnetwork.InterfacesClientListAllResponse) {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, n := range page.Value {
			if n != nil {
				p.nics[strings.ToLower(value(n.ID))] = n
			}
		}
	})
}

// indexNetworks keeps what the lists of networks and public addresses say of single
// ones.
func (p *vmParts) indexNetworks() {
	for _, n := range p.networks {
		for _, subnet := range value(n.Properties).Subnets {
			p.addSubnet(subnet)
		}
	}
	for _, a := range p.publicIPs {
		p.addPublicIP(&a)
	}
}

func (p *vmParts) addSubnet(s *armnetwork.Subnet) {
	if s == nil || s.Properties == nil || s.Properties.NetworkSecurityGroup == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.subnetNSGs[strings.ToLower(value(s.ID))] = value(s.Properties.NetworkSecurityGroup.ID)
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
func (p *vmParts) vm(m *armcompute.VirtualMachine) (jit.VM, []error) {
	vm := jit.VM{ID: value(m.ID), Name: value(m.Name), Location: value(m.Location), Blind: p.firewallsUnread}
	if id, err := arm.ParseResourceID(vm.ID); err == nil {
		vm.Group = id.ResourceGroupName
	}
	for name, text := range m.Tags {
		if vm.Tags == nil {
			vm.Tags = map[string]string{}
		}
		vm.Tags[name] = value(text)
	}
	vm.OS, vm.Power = osType(m), powerState(m)
	var faults []error
	for _, id := range interfaceIDs(m) {
		n := p.nics[strings.ToLower(id)]
		if n == nil {
			faults = append(faults, fmt.Errorf("interface %s is not listed", id))
			continue
		}
		nic, errs := p.networkInterface(n)
		vm.Interfaces = append(vm.Interfaces, nic)
		faults = append(faults, errs...)
	}
	return vm, faults
}

func (p *vmParts) networkInterface(n *armnetwork.Interface) (jit.Interface, []error) {
	props := value(n.Properties)
	nic := jit.Interface{ID: value(n.ID)}
	if props.NetworkSecurityGroup != nil {
		nic.Guard = value(props.NetworkSecurityGroup.ID)
	}
	var faults []error
	for _, conf := range values(props.IPConfigurations) {
		a := value(conf.Properties)
		text := value(a.PrivateIPAddress)
		if text == "" {
			continue // not given out yet
		}
		addr, err := netip.ParseAddr(text)
		if err != nil {
			faults = append(faults, fmt.Errorf("interface %s: %q is no address", nic.ID, text))
			continue
		}
		address := jit.Address{Addr: addr.Unmap(), Groups: groupIDs(a.ApplicationSecurityGroups)}
		if a.Subnet != nil {
			address.Subnet = value(a.Subnet.ID)
			address.SubnetGuard = p.subnetNSGs[strings.ToLower(address.Subnet)]
		}
		if a.PublicIPAddress != nil {
			address.Public = p.publicAddrs[strings.ToLower(value(a.PublicIPAddress.ID))]
		}
		address.FirewallHops = p.firewallsBefore(address)
		nic.Addresses = append(nic.Addresses, address)
	}
	return nic, faults
}

func interfaceIDs(m *armcompute.VirtualMachine) []string {
	if m.Properties == nil || m.Properties.NetworkProfile == nil {
		return nil
	}
	var ids []string
	for _, ref := range values(m.Properties.NetworkProfile.NetworkInterfaces) {
		ids = append(ids, value(ref.ID))
	}
	return ids
}

func osType(m *armcompute.VirtualMachine) string {
	if m.Properties == nil || m.Properties.StorageProfile == nil || m.Properties.StorageProfile.OSDisk == nil {
		return ""
	}
	return string(value(m.Properties.StorageProfile.OSDisk.OSType))
}

func powerState(m *armcompute.VirtualMachine) string {
	if m.Properties == nil || m.Properties.InstanceView == nil {
		return ""
	}
	for _, s := range values(m.Properties.InstanceView.Statuses) {
		if state, ok := strings.CutPrefix(value(s.Code), "PowerState/"); ok {
			return state
		}
	}
	return ""
}
