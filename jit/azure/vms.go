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

// parts are what virtual machines are joined from, by lower-case id.
type parts struct {
	*edges
	machines []*armcompute.VirtualMachine
	nics     map[string]*armnetwork.Interface
	guards   map[string]string // of subnets
	fronts   map[string]string // addresses of public IPs
	classics []jit.VM
}

func newParts(e *edges) *parts {
	return &parts{edges: e, nics: map[string]*armnetwork.Interface{}, guards: map[string]string{}, fronts: map[string]string{}}
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
	p := newParts(newEdges())
	err := c.listAll(ctx, listing{"machines", p.listMachines}, listing{"interfaces", p.listInterfaces}, listing{"networks", p.listNetworks},
		listing{"public addresses", p.listPublics}, listing{"firewalls", c.listFirewalls(p.edges)}, listing{"classic machines", c.listClassics(p)})
	if err == nil && len(p.firewalls) > 0 {
		err = errors.Join(c.listAll(ctx, listing{"route tables", p.listRoutes}), c.readPolicies(ctx, p.edges))
	}
	if err != nil {
		return nil, err
	}
	p.settle()
	c.keepEdges(p.edges)
	slices.SortFunc(p.machines, func(a, b *armcompute.VirtualMachine) int {
		return strings.Compare(strings.ToLower(value(a.ID)), strings.ToLower(value(b.ID)))
	})
	vms := make([]jit.VM, 0, len(p.machines))
	for _, m := range p.machines {
		vm, faults := p.join(m)
		for _, err := range faults {
			c.log.WarnContext(ctx, "inventory is incomplete", slog.String("vm", vm.ID), slog.Any("error", err))
		}
		vm.Partial = len(faults) > 0
		vms = append(vms, vm)
	}
	slices.SortFunc(p.classics, func(a, b jit.VM) int { return strings.Compare(strings.ToLower(a.ID), strings.ToLower(b.ID)) })
	return append(vms, p.classics...), nil
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
		list := s.machines.NewListAllPager(&armcompute.VirtualMachinesClientListAllOptions{StatusOnly: &status})
		err = pages(ctx, list, func(page armcompute.VirtualMachinesClientListAllResponse) {
			for _, m := range values(page.Value) {
				out[strings.ToLower(value(m.ID))] = power(&m)
			}
		})
		if err != nil {
			return nil, fmt.Errorf("listing the power states of subscription %s: %w", id, err)
		}
	}
	return out, nil
}

func (p *parts) listMachines(ctx context.Context, s *subscription) error {
	return pages(ctx, s.machines.NewListAllPager(nil), func(page armcompute.VirtualMachinesClientListAllResponse) {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, m := range page.Value {
			if m != nil {
				p.machines = append(p.machines, m)
			}
		}
	})
}

func (p *parts) listInterfaces(ctx context.Context, s *subscription) error {
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

// settle keeps what the lists of networks and public addresses say of single
// ones.
func (p *parts) settle() {
	for _, n := range p.networks {
		for _, subnet := range value(n.Properties).Subnets {
			p.addSubnet(subnet)
		}
	}
	for _, a := range p.publics {
		p.addPublic(&a)
	}
}

func (p *parts) addSubnet(s *armnetwork.Subnet) {
	if s == nil || s.Properties == nil || s.Properties.NetworkSecurityGroup == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.guards[strings.ToLower(value(s.ID))] = value(s.Properties.NetworkSecurityGroup.ID)
}

func (p *parts) addPublic(a *armnetwork.PublicIPAddress) {
	if a == nil || a.Properties == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fronts[strings.ToLower(value(a.ID))] = value(a.Properties.IPAddress)
}

// join puts a machine together with its interfaces. The faults say what had to
// be left out.
func (p *parts) join(m *armcompute.VirtualMachine) (jit.VM, []error) {
	vm := jit.VM{ID: value(m.ID), Name: value(m.Name), Location: value(m.Location), Blind: p.unread}
	if id, err := arm.ParseResourceID(vm.ID); err == nil {
		vm.Group = id.ResourceGroupName
	}
	for name, text := range m.Tags {
		if vm.Tags == nil {
			vm.Tags = map[string]string{}
		}
		vm.Tags[name] = value(text)
	}
	vm.OS, vm.Power = system(m), power(m)
	var faults []error
	for _, id := range interfaceIDs(m) {
		n := p.nics[strings.ToLower(id)]
		if n == nil {
			faults = append(faults, fmt.Errorf("interface %s is not listed", id))
			continue
		}
		nic, errs := p.joinInterface(n)
		vm.Interfaces = append(vm.Interfaces, nic)
		faults = append(faults, errs...)
	}
	return vm, faults
}

func (p *parts) joinInterface(n *armnetwork.Interface) (jit.Interface, []error) {
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
			address.SubnetGuard = p.guards[strings.ToLower(address.Subnet)]
		}
		if a.PublicIPAddress != nil {
			address.Public = p.fronts[strings.ToLower(value(a.PublicIPAddress.ID))]
		}
		address.Gateways = p.gateways(address)
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

func system(m *armcompute.VirtualMachine) string {
	if m.Properties == nil || m.Properties.StorageProfile == nil || m.Properties.StorageProfile.OSDisk == nil {
		return ""
	}
	return string(value(m.Properties.StorageProfile.OSDisk.OSType))
}

func power(m *armcompute.VirtualMachine) string {
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
