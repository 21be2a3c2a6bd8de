package azure

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"
	"golang.org/x/sync/errgroup"

	"jitbot/jit"
	"jitbot/jit/inventory"
)

const (
	vmType       = "Microsoft.Compute/virtualMachines"
	nicType      = "Microsoft.Network/networkInterfaces"
	networkType  = "Microsoft.Network/virtualNetworks"
	subnetType   = networkType + "/subnets"
	publicIPType = "Microsoft.Network/publicIPAddresses"
)

// VM reads one virtual machine afresh with its power state, then its
// interfaces, then their subnets and public addresses; each step is one round
// of requests side by side. Which firewalls are before it is known from what
// was read within the last ten seconds. Only a machine that is gone is ErrNotFound,
// and one in a subscription that is not configured ErrUnwatched; a part that
// went meanwhile is ErrConflict. Nothing is left out silently: what stands as an address and cannot
// be read as one is Unread of its interface.
// https://learn.microsoft.com/rest/api/compute/virtual-machines/get
func (c *Client) VM(ctx context.Context, id string) (jit.VM, error) {
	r, _, err := c.locate(id, vmType)
	if err != nil {
		return jit.VM{}, fmt.Errorf("reading a virtual machine: %w", err)
	}
	if !c.isConfigured(r.SubscriptionID) {
		return jit.VM{}, fmt.Errorf("reading virtual machine %s: %w", r.Name, inventory.ErrUnwatched)
	}
	var m virtualMachine
	if err := c.manager.resource(ctx, r.String(), "&$expand=instanceView", &m); err != nil {
		return jit.VM{}, fmt.Errorf("reading virtual machine %s: %w", r.Name, err)
	}
	lists, err := c.recentLists(ctx, strings.ToLower(r.SubscriptionID))
	if err != nil {
		return jit.VM{}, fmt.Errorf("reading virtual machine %s: %w", r.Name, err)
	}
	p := newVMParts(lists)
	err = eachID(ctx, m.interfaceIDs(), func(ctx context.Context, id string) error {
		return c.readInterface(ctx, p, id)
	})
	if err == nil {
		err = c.readSubnetsAndPublicIPs(ctx, p)
	}
	if err != nil {
		return jit.VM{}, fmt.Errorf("reading virtual machine %s: %w", r.Name, err)
	}
	vm, faults := p.vm(&m)
	if err := errors.Join(faults...); err != nil {
		return jit.VM{}, fmt.Errorf("reading virtual machine %s: %w", r.Name, err)
	}
	return vm, nil
}

// readSubnetsAndPublicIPs reads the subnets and the public addresses of the interfaces.
func (c *Client) readSubnetsAndPublicIPs(ctx context.Context, p *vmParts) error {
	var ids []string
	for _, n := range p.nics {
		for _, conf := range values(n.Properties.IPConfigurations) {
			if s := conf.Properties.Subnet; s != nil {
				ids = append(ids, s.ID)
			}
			if a := conf.Properties.PublicIP; a != nil {
				ids = append(ids, a.ID)
			}
		}
	}
	return eachID(ctx, ids, func(ctx context.Context, id string) error {
		if strings.Contains(strings.ToLower(id), "/subnets/") {
			return c.readSubnet(ctx, p, id)
		}
		return c.readPublicIP(ctx, p, id)
	})
}

func (c *Client) readInterface(ctx context.Context, p *vmParts, id string) error {
	r, _, err := c.locate(id, nicType)
	if err != nil {
		return fmt.Errorf("reading an interface: %w", err)
	}
	var n networkInterface
	if err := c.manager.resource(ctx, r.String(), "", &n); err != nil {
		return fmt.Errorf("reading interface %s: %w", r.Name, goneMeanwhile(err))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// Under the id of the machine's reference: that is what vm looks for.
	p.nics[strings.ToLower(id)] = &n
	return nil
}

func (c *Client) readSubnet(ctx context.Context, p *vmParts, id string) error {
	r, _, err := c.locate(id, subnetType)
	if err != nil {
		return fmt.Errorf("reading a subnet: %w", err)
	}
	var s subnet
	if err := c.manager.resource(ctx, r.String(), "", &s); err != nil {
		return fmt.Errorf("reading subnet %s: %w", r.Name, goneMeanwhile(err))
	}
	p.addSubnet(id, s.Properties.SecurityGroup.ID)
	return nil
}

func (c *Client) readPublicIP(ctx context.Context, p *vmParts, id string) error {
	r, s, err := c.locate(id, publicIPType)
	if err != nil {
		return fmt.Errorf("reading a public address: %w", err)
	}
	resp, err := s.publicIPs.Get(ctx, r.ResourceGroupName, r.Name, nil)
	if err == nil && value(resp.ID) == "" {
		err = errNoResource
	}
	if err != nil {
		return fmt.Errorf("reading public address %s: %w", r.Name, goneMeanwhile(translate(err)))
	}
	p.addPublicIP(&armnetwork.PublicIPAddress{ID: &id, Properties: resp.Properties})
	return nil
}

// goneMeanwhile keeps the absence of a part, which went meanwhile, from being taken
// for that of the whole.
func goneMeanwhile(err error) error {
	if errors.Is(err, jit.ErrNotFound) {
		// Wrapped, it would still be the absence of the whole.
		return fmt.Errorf("%w: gone meanwhile: %v", jit.ErrConflict, err) //nolint:errorlint // see above
	}
	return err
}

// parallelRequests is how many requests of one question are under way at a time.
const parallelRequests = 8

// eachID does something for each id once, side by side.
func eachID(ctx context.Context, ids []string, do func(context.Context, string) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelRequests)
	seen := map[string]bool{}
	for _, id := range ids {
		if key := strings.ToLower(id); !seen[key] {
			seen[key] = true
			g.Go(func() error { return do(ctx, id) })
		}
	}
	return g.Wait()
}
