package azure

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/resource"
)

// anyRemotePort stands for the port of a client, of which IP flow verify wants one.
const anyRemotePort = "50000"

// VerifyIPFlow implements admission.Witness. It takes seconds.
// https://learn.microsoft.com/rest/api/network-watcher/network-watchers/verify-ip-flow
func (c *Client) VerifyIPFlow(ctx context.Context, f admission.IPFlow) (admission.IPFlowAnswer, error) {
	watchers, err := armnetwork.NewWatchersClient(resource.Subscription(f.VM), c.cred, c.optionsFor(c.versions.Network))
	if err != nil {
		return admission.IPFlowAnswer{}, fmt.Errorf("making the Network Watcher client: %w", err)
	}
	id, err := watcherIn(ctx, watchers, f.Location)
	if err != nil {
		return admission.IPFlowAnswer{}, err
	}
	inbound, protocol, remote := armnetwork.DirectionInbound, armnetwork.IPFlowProtocolTCP, anyRemotePort
	if f.Port.Protocol == jit.UDP {
		protocol = armnetwork.IPFlowProtocolUDP
	}
	local, from, to := strconv.Itoa(int(f.Port.From)), f.From.String(), f.To.String()
	poller, err := watchers.BeginVerifyIPFlow(ctx, id.ResourceGroupName, id.Name, armnetwork.VerificationIPFlowParameters{
		Direction: &inbound, Protocol: &protocol, LocalIPAddress: &to, LocalPort: &local, RemoteIPAddress: &from, RemotePort: &remote,
		TargetResourceID: &f.VM, TargetNicResourceID: &f.Interface,
	}, nil)
	if err == nil {
		err = await(ctx, time.Now().Add(effectiveWithin), c.poll, poller)
	} else {
		err = translate(err)
	}
	if err != nil {
		return admission.IPFlowAnswer{}, fmt.Errorf("asking %s what becomes of a packet: %w", id.Name, err)
	}
	answer, err := poller.Result(ctx)
	if err != nil {
		return admission.IPFlowAnswer{}, fmt.Errorf("asking %s what becomes of a packet: %w", id.Name, translate(err))
	}
	out := admission.IPFlowAnswer{Rule: value(answer.RuleName)}
	switch value(answer.Access) {
	case armnetwork.AccessAllow:
		out.Allow = true
	case armnetwork.AccessDeny:
	default:
		return out, fmt.Errorf("%w: %s answers with the access %q", jit.ErrInvalid, id.Name, value(answer.Access))
	}
	return out, nil
}

// watcherIn is the Network Watcher of a region.
func watcherIn(ctx context.Context, watchers *armnetwork.WatchersClient, location string) (*arm.ResourceID, error) {
	found := ""
	err := pages(ctx, watchers.NewListAllPager(nil), func(page armnetwork.WatchersClientListAllResponse) {
		for _, w := range values(page.Value) {
			if sameRegion(value(w.Location), location) {
				found = value(w.ID)
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("listing the Network Watchers: %w", err)
	}
	if found == "" {
		return nil, fmt.Errorf("%w: in %s", admission.ErrNoWatcher, location)
	}
	id, err := arm.ParseResourceID(found)
	if err != nil {
		return nil, fmt.Errorf("listing the Network Watchers: %w: %q is no resource id", jit.ErrInvalid, found)
	}
	return id, nil
}

// sameRegion compares regions, which Azure writes as westeurope and as West Europe.
func sameRegion(a, b string) bool {
	return strings.EqualFold(strings.ReplaceAll(a, " ", ""), strings.ReplaceAll(b, " ", ""))
}
