package view_test

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/guardpath"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func after(d time.Duration) time.Time { return noon.Add(d) }

// asked is a request with everything that a message may show.
func asked() jit.Grant {
	return jit.Grant{
		ID: "g-7k2qd", Revision: 1, State: jit.Asked, Channel: "C0APPROVALS", Required: 2,
		Request: jit.Request{
			By: jit.Person{ID: "U0ADA", Entra: "11111111-2222-3333-4444-555555555555", Name: "ada@contoso.example"},
			Targets: []jit.Target{
				{
					VM:         "/subscriptions/s/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/web-1",
					Name:       "web-1",
					Group:      "rg-prod",
					Production: true,
				},
			},
			Ports: []jit.Ports{
				{From: 22, To: 22, Protocol: jit.TCP},
				{From: 53, To: 53, Protocol: jit.UDP},
			},
			Sources: []netip.Prefix{
				netip.MustParsePrefix("203.0.113.7/32"),
				netip.MustParsePrefix("198.51.100.0/24"),
			},
			Duration: 90 * time.Minute, Reason: "*fix* <!channel> of https://evil.example", At: noon,
		},
		Warnings: []string{"web-1: port 22 is already open, by rule all."},
		Notes:    []string{"web-1 is not protected."},
	}
}

// several is a request for much at once.
func several() jit.Grant {
	g := asked()
	g.State, g.Warnings, g.Notes, g.Approvers, g.Clock.Lapse = jit.Pending, nil, nil, []string{"U0GRACE"}, after(time.Hour)
	g.Request.Targets = append(g.Request.Targets, jit.Target{VM: "/vm/web_2", Name: "web_2", Group: "rg-test"})
	g.Request.Ports = append(g.Request.Ports, jit.Ports{From: 8000, To: 8010, Protocol: jit.AnyProtocol})
	g.Request.Sources = append(g.Request.Sources, netip.MustParsePrefix("2001:db8::/64"))
	return g
}

var (
	ada   = jit.Person{ID: "U0ADA", Name: "ada@contoso.example"}
	grace = jit.Person{ID: "U0GRACE", Name: "grace@contoso.example"}
	linus = jit.Person{ID: "U0LINUS", Name: "linus@contoso.example"}
)

func must(g jit.Grant, e jit.Event, err error) (jit.Grant, jit.Event) {
	if err != nil {
		panic(err)
	}
	return g, e
}

// exampleGrant is a grant, and the event that led there.
type exampleGrant struct {
	g jit.Grant
	e jit.Event
}

// exampleGrants are grants in each state, with the event that led there, by name.
func exampleGrants() map[string]exampleGrant {
	all := map[string]exampleGrant{}
	keep := func(name string, g jit.Grant, e jit.Event) (jit.Grant, jit.Event) {
		all[name] = exampleGrant{g, e}
		return g, e
	}
	first := asked()
	first.Clock.RemindBefore = 10 * time.Minute
	keep("asked", first, jit.Event{Kind: jit.EventAsked})
	keepMust := func(name string) func(jit.Grant, jit.Event, error) jit.Grant {
		return func(g jit.Grant, e jit.Event, err error) jit.Grant {
			g, e = must(g, e, err)
			keep(name, g, e)
			return g
		}
	}
	keepMust("refused-rights")(first.RefuseFor(
		jit.Refuse(jit.ErrRights, "%s lacks the Azure action %s at %s.", "ada@contoso.example", "Microsoft.Compute/virtualMachines/read", "/vm/web-1"),
		after(time.Second),
	))
	keep("several", several(), jit.Event{Kind: jit.EventWaiting})
	both := several()
	both.State = jit.Asked
	keepMust("several-refused")(both.RefuseFor(jit.Refuse(jit.ErrRights, "%s lacks the Azure action %s at %s.",
		"ada@contoso.example", "Microsoft.Compute/virtualMachines/read", "web_2").At("/vm/web_2"), after(time.Second)))
	both.State = jit.Opening
	begunBoth := keepMust("several-opening")(both.Begin([]guardpath.Path{
		{VM: both.Request.Targets[0].VM, Guard: "/g/nsg-web", Confirmed: true}, {VM: "/vm/web_2", Guard: "/g/nsg-test"},
	}, time.Minute, after(2*time.Minute)))
	many := several()
	for i := range 24 {
		many.Request.Targets = append(many.Request.Targets, jit.Target{VM: fmt.Sprint("/vm/node-", i), Name: fmt.Sprint("node-", i), Group: "rg-nodes"})
	}
	keep("many", many, jit.Event{Kind: jit.EventWaiting})
	keepMust("several-failed")(begunBoth.Close(jit.Decision{
		Ending: jit.Failed, Reason: "Azure refuses the rule of nsg-test.", VMs: begunBoth.VMsAt("/g/nsg-test"),
	}, after(3*time.Minute), after(3*time.Minute)))
	keepMust("refused")(first.Refuse("You lack Microsoft.Compute/virtualMachines/read at web-1; ask whoever manages it.", after(time.Second)))
	keepMust("permitted")(first.Permit(ada, after(time.Second)))
	pending := keepMust("waiting")(first.Wait(ada, []string{"S0APPROVERS", "U0GRACE"}, 2, after(time.Hour), after(time.Second)))
	keepMust("denied")(pending.Deny(grace, "not today, <@U1> is on holiday", after(time.Minute)))
	keepMust("lapsed")(pending.Lapse(after(time.Hour)))
	keepMust("cancelled")(pending.Cancel(ada, after(time.Minute)))
	keepAsking(keep, pending)
	half := keepMust("approved-once")(pending.Approve(grace, after(time.Minute)))
	opening := keepMust("approved")(half.Approve(linus, after(2*time.Minute)))
	held, events, err := opening.Delay("closings are late", after(2*time.Minute))
	if err != nil {
		panic(err)
	}
	keep("held", held, events[0])
	begun := keepMust("opening")(opening.Begin([]guardpath.Path{
		{
			VM: opening.Request.Targets[0].VM, Guard: "/subscriptions/s/resourceGroups/rg-prod/providers/Microsoft.Network/networkSecurityGroups/nsg-web",
			Addresses: []netip.Addr{netip.MustParseAddr("10.1.0.4")}, Outer: []netip.Addr{netip.MustParseAddr("20.50.1.4")},
		},
	}, time.Minute, after(2*time.Minute)))
	keepMust("failed")(
		begun.Close(jit.Decision{Ending: jit.Failed, Reason: "Azure did not confirm the rule within 1m."}, after(3*time.Minute),
			after(3*time.Minute)),
	)
	open := keepMust("opened")(begun.ConfirmOpen(after(2*time.Minute + 5*time.Second)))
	keepMoving(keep, open)
	terms := open
	terms.ExtendTerms = jit.ExtendTerms{Times: 2, Total: 6 * time.Hour}
	extending := keepMust("extending")(terms.Extend(time.Hour, terms.ExtendTerms, 2, []string{"S0APPROVERS", "U0GRACE"}, after(time.Hour)))
	keepMust("extension-denied")(extending.DenyExtension(1, linus, "", after(61*time.Minute)))
	underway := keepMust("extending-by-none")(terms.Extend(time.Hour, terms.ExtendTerms, 0, nil, after(time.Hour)))
	yes := keepMust("extension-approved-once")(extending.ApproveExtension(1, linus, 2, nil, after(61*time.Minute)))
	keepMust("extension-approved")(yes.ApproveExtension(1, grace, 2, nil, after(62*time.Minute)))
	extended, events, err := underway.ConfirmExtended(underway, after(61*time.Minute))
	if err != nil {
		panic(err)
	}
	keep("extended", extended, events[0])
	reminded, events, err := extended.Remind(extended.Clock.Remind)
	if err != nil {
		panic(err)
	}
	keep("reminded-extended", reminded, events[0])
	reminded, events, err = open.Remind(after(85 * time.Minute))
	if err != nil {
		panic(err)
	}
	keep("reminded", reminded, events[0])
	unchecked := open
	unchecked.Unchecked = true
	keep("unchecked", unchecked,
		jit.Event{Kind: jit.EventUnchecked, Text: "The holder's rights could not be read (Azure is busy); the access is kept until they can."})
	drifted := open
	keep("drift", drifted, jit.Event{Kind: jit.EventDrift, Text: "Rule jitbot-prod-g-7k2qd-a is gone from nsg-web; it is written again."})
	hindered, events := open.Hinder(
		open.Paths[0].Guard,
		"The rule block-ssh (priority 100) in nsg-web denies this before any allow of ours; move it behind our band or ask from elsewhere.",
		after(3*time.Minute),
	)
	keep("hindered", hindered, events[0])
	keepMust("failed-unbegun")(
		opening.Close(jit.Decision{Ending: jit.Failed, Reason: "it waited too long to be opened: closings are late"}, after(time.Hour),
			after(time.Hour)),
	)
	unbegun := keepMust("closing-unbegun")(
		opening.Close(jit.Decision{Ending: jit.Revoked, By: grace}, after(3*time.Minute), after(3*time.Minute)),
	)
	keepAll := func(name string) func(jit.Grant, []jit.Event, error) {
		return func(g jit.Grant, events []jit.Event, err error) {
			if err != nil {
				panic(err)
			}
			keep(name, g, events[0])
		}
	}
	keepAll("closed-unbegun")(unbegun.ConfirmClosed("", after(3*time.Minute)))
	keepAll("moved")(
		open.Follow([]guardpath.Path{{
			VM:    "vm",
			Guard: "/subscriptions/s/resourceGroups/rg-prod/providers/Microsoft.Network/networkSecurityGroups/nsg-other",
		}}, after(time.Hour)),
	)
	nobody, e, err := pending.Deny(jit.Person{}, "the entry under approvals is gone", after(time.Minute))
	if err != nil {
		panic(err)
	}
	keep("denied-by-jitbot", nobody, e)
	for _, d := range []jit.Decision{
		{Ending: jit.Vanished, Reason: "web-1 does not exist any more"},
		{Ending: jit.Expired},
		{Ending: jit.Finished, By: ada},
		{Ending: jit.Revoked, By: grace, Reason: "incident over"},
		{Ending: jit.RightsLost, Reason: "the account is disabled"},
		{Ending: jit.Drifted, Reason: "rule removed by hand"},
	} {
		name := strings.ReplaceAll(string(d.Ending), " ", "-")
		closing := keepMust("closing-" + name)(open.Close(d, after(90*time.Minute), after(90*time.Minute)))
		if d.Ending == jit.Expired {
			keep("orphan", closing,
				jit.Event{Kind: jit.EventOrphan, Text: "The rule jitbot-prod-g-7k2qd-a of nsg-web had no live grant and was removed."})
			stuck, events := closing.Trouble(closing.Paths[0].Guard, "403 AuthorizationFailed: the client does not have authorization", true,
				after(92*time.Minute))
			keep("stuck", stuck, events[0])
		}
		gone, events, err := closing.ConfirmClosed(closing.Paths[0].Guard, after(91*time.Minute))
		if err != nil {
			panic(err)
		}
		keep("closed-"+name, gone, events[0])
		if d.Ending == jit.Revoked { // the longest
			gone.StillOpen = "admin rules of Virtual Network Manager let people in, such as monitoring (priority 10) at web-1"
			keep("closed-still-open", gone, events[0])
		}
	}
	return all
}
