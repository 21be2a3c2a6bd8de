package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"

	"jitbot/jit"
	"jitbot/jit/clock"
	"jitbot/jit/guardpath"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
	"jitbot/jit/text"
)

const (
	drainLook = 50 * time.Millisecond
	tellGrace = 2 * time.Second // Slack may be down; what is not told is kept
)

// drain waits, for the grace at most, until nothing is being opened or closed,
// and then a moment for it to be told.
func (p *program) drain(ctx context.Context) {
	wait := func(most time.Duration, busy func(context.Context) bool) {
		ctx, cancel := context.WithTimeout(ctx, most)
		defer cancel()
		for busy(ctx) && clock.Sleep(ctx, drainLook) {
		}
	}
	wait(p.Grace, p.moving)
	p.dispatcher.Hurry()
	wait(tellGrace, func(ctx context.Context) bool {
		waiting, err := p.store.Notices(ctx, 0, 1)
		return err == nil && len(waiting) > 0
	})
}

// moving reports whether a grant is being opened or closed.
func (p *program) moving(ctx context.Context) bool {
	grants, err := p.live(ctx)
	return err == nil && slices.ContainsFunc(grants, func(g jit.Grant) bool {
		return g.State == jit.Opening && !g.Clock.Begun.IsZero() || g.State == jit.Closing && !g.Stuck
	})
}

// live lists the grants of which rules may exist, or soon will.
func (p *program) live(ctx context.Context) ([]jit.Grant, error) {
	all, err := p.store.Unfinished(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing the live grants: %w", err)
	}
	var out []jit.Grant
	for _, g := range all {
		if g.State.Live() {
			out = append(out, g)
		}
	}
	return out, nil
}

// tellLive tells what stays open while jitbot is down, and how it is closed
// without it.
func (p *program) tellLive(ctx context.Context) error {
	live, err := p.live(ctx)
	if err != nil {
		return err
	}
	var b strings.Builder
	if len(live) == 0 {
		b.WriteString("jitbot has stopped. No grant is live.\n")
	} else {
		fmt.Fprintf(&b, "jitbot has stopped. %s, and nothing closes while it is down\n",
			text.Count(len(live), "grant is live", "grants are live"))
		fmt.Fprintf(&b, "but this, from cron on any machine, once the time is up:\n  jitbot sweep --config %s\n", p.Config.File)
		b.WriteString("To close one at once, run the lines below it.\n")
		for _, g := range live {
			b.WriteString(closingCommands(g, p.Config.Jit.Installation))
		}
	}
	if _, err := fmt.Fprint(p.Out, b.String()); err != nil {
		return fmt.Errorf("telling which grants are live: %w", err)
	}
	return nil
}

// removal is the command that removes a rule without jitbot. A firewall takes
// it as an extension of the command line tool.
// https://learn.microsoft.com/cli/azure/network/firewall
func removal(guard, installation string, r rules.Rule) string {
	id, err := arm.ParseResourceID(guard)
	if err != nil || resource.KindOf(guard) == resource.SecurityGroup {
		return fmt.Sprintf("az network nsg rule delete --ids %s/securityRules/%s", guard, r.Name)
	}
	dnat := r.To.IsValid()
	if resource.KindOf(guard) == resource.PolicyGroup {
		return fmt.Sprintf("az network firewall policy rule-collection-group collection rule remove"+
			" --subscription %s -g %s --policy-name %s --rcg-name %s --collection-name %s --name %s",
			id.SubscriptionID, id.ResourceGroupName, id.Parent.Name, id.Name, rules.CollectionName(installation, dnat), r.Name)
	}
	kind := map[bool]string{true: "nat-rule", false: "network-rule"}[dnat]
	return fmt.Sprintf("az network firewall %s delete --subscription %s -g %s --firewall-name %s --collection-name %s --name %s",
		kind, id.SubscriptionID, id.ResourceGroupName, id.Name, rules.CollectionName(installation, dnat), r.Name)
}

// closingCommands are a grant with its deadline and a command for each of its rules.
func closingCommands(g jit.Grant, installation string) string {
	var b strings.Builder
	var names, ports []string
	for _, t := range g.Request.Targets {
		names = append(names, t.Name)
	}
	for _, p := range g.Request.Ports {
		ports = append(ports, p.String())
	}
	fmt.Fprintf(&b, "\n%s %s: %s, port %s, of %s, ", g.ID, g.State, strings.Join(names, ", "), strings.Join(ports, ", "), g.Request.By.ID)
	switch {
	case !g.Clock.Deadline.IsZero():
		fmt.Fprintf(&b, "until %s\n", g.Clock.Deadline.UTC().Format(time.RFC3339))
	case !g.Clock.Until.IsZero():
		fmt.Fprintf(&b, "until %s at the latest\n", g.Clock.Until.UTC().Format(time.RFC3339))
	default:
		b.WriteString("no rule is written yet\n")
	}
	for _, line := range removals(g, installation) {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	return b.String()
}

// removals are the commands that remove the rules of a grant by hand.
func removals(g jit.Grant, installation string) []string {
	var out []string
	g.Paths = slices.Concat(g.Paths, g.Left)
	for _, guard := range guardpath.Guards(g.Paths) {
		at := slices.IndexFunc(g.Paths, func(p guardpath.Path) bool { return resource.Same(p.Guard, guard) })
		for _, r := range rules.EveryForm(installation, g.Paths[at].Guard, g) {
			out = append(out, removal(g.Paths[at].Guard, installation, r))
		}
	}
	return out
}
