package azure

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
)

// effectiveWithin is how long Azure may take to list effective rules.
const effectiveWithin = 45 * time.Second

// EffectiveRules implements admission.Witness. It takes seconds.
// https://learn.microsoft.com/rest/api/virtualnetwork/network-interfaces/list-effective-network-security-groups
func (c *Client) EffectiveRules(ctx context.Context, nic string) ([]rules.Table, error) {
	id, err := arm.ParseResourceID(nic)
	if err != nil {
		return nil, fmt.Errorf("asking for the effective rules: %w: %q is no resource id", jit.ErrInvalid, nic)
	}
	interfaces, err := armnetwork.NewInterfacesClient(id.SubscriptionID, c.cred, c.optionsFor(c.versions.Network))
	if err != nil {
		return nil, fmt.Errorf("making the network client: %w", err)
	}
	poller, err := interfaces.BeginListEffectiveNetworkSecurityGroups(ctx, id.ResourceGroupName, id.Name, nil)
	if err == nil {
		err = await(ctx, time.Now().Add(effectiveWithin), c.poll, poller)
	} else {
		err = notRunning(translate(err))
	}
	if err != nil {
		return nil, fmt.Errorf("asking for the effective rules of %s: %w", nic, err)
	}
	answer, err := poller.Result(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking for the effective rules of %s: %w", nic, translate(err))
	}
	var out []rules.Table
	for _, g := range answer.Value {
		if g == nil || g.NetworkSecurityGroup == nil || g.NetworkSecurityGroup.ID == nil {
			continue // the admin rules of a network manager, which are read by themselves
		}
		out = append(out, effectiveTable(g))
	}
	return out, nil
}

func notRunning(err error) error {
	if err != nil && strings.Contains(err.Error(), "NicMustBeAttachedToRunningVm") {
		return fmt.Errorf("%w: %w", admission.ErrNotRunning, err)
	}
	return err
}

func effectiveTable(g *armnetwork.EffectiveNetworkSecurityGroup) rules.Table {
	t := rules.Table{Guard: *g.NetworkSecurityGroup.ID, Name: resource.Name(*g.NetworkSecurityGroup.ID)}
	for _, r := range g.EffectiveSecurityRules {
		if r == nil {
			continue
		}
		of, name, _ := strings.Cut(value(r.Name), "/")
		if name == "" {
			name = of
		}
		protocol := jit.Protocol(strings.ToLower(string(value(r.Protocol))))
		if protocol == "all" {
			protocol = jit.AnyProtocol
		}
		t.Rules = append(t.Rules, rules.Rule{
			Name: name, Priority: int(value(r.Priority)), Protocol: protocol,
			Inbound: value(r.Direction) == armnetwork.SecurityRuleDirectionInbound, Allow: value(r.Access) == armnetwork.SecurityRuleAccessAllow,
			Sources:      merged(value(r.SourceAddressPrefix), r.SourceAddressPrefixes),
			Destinations: merged(value(r.DestinationAddressPrefix), r.DestinationAddressPrefixes),
			SourcePorts:  merged(value(r.SourcePortRange), r.SourcePortRanges),
			Ports:        merged(value(r.DestinationPortRange), r.DestinationPortRanges),
		})
	}
	return t
}
