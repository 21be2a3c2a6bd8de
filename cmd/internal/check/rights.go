package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"jitbot/cmd/internal/app"
	"jitbot/cmd/internal/config"
	"jitbot/jit"
	"jitbot/jit/azure"
	"jitbot/jit/rbac"
)

// rights are what the bot's identity holds of its role in a subscription.
type rights struct {
	subscription  string
	alone         bool // there is no other subscription
	held, missing []app.Action
	err           error
}

func (c run) readRights(ctx context.Context, client *azure.Client) []rights {
	all := make([]*rights, 0, len(c.Config.Azure.Subscriptions))
	for _, id := range c.Config.Azure.Subscriptions {
		all = append(all, &rights{subscription: id})
	}
	faults := each(all, func(r *rights) error {
		roles, err := client.Permissions(ctx, r.subscription)
		r.compare(app.Actions(c.Config), roles)
		return err
	})
	out := make([]rights, 0, len(all))
	for i, r := range all {
		r.alone, r.err = len(all) == 1, faults[i]
		out = append(out, *r)
	}
	return out
}

// shutOut reports whether Azure lets the identity in nowhere: what it holds is
// told to everybody who can sign in.
func shutOut(all []rights) bool {
	return !slices.ContainsFunc(all, func(r rights) bool { return !errors.Is(r.err, jit.ErrForbidden) })
}

// compare tells what of the role is held.
func (r *rights) compare(needed []app.Action, roles []rbac.Role) {
	held := rbac.Holdings{Scope: "/subscriptions/" + r.subscription, Roles: roles}
	for _, a := range needed {
		if len(held.Missing([]string{a.Name})) > 0 {
			r.missing = append(r.missing, a)
		} else {
			r.held = append(r.held, a)
		}
	}
}

// findings name every action that is held and that is missing. What only a kind
// of firewall needs is a fault where one is in front of a machine; what only
// tells more is none.
func (r rights) findings(front inFront) []Finding {
	const what = "azure rights"
	where, briefly := "subscription "+r.subscription+": ", ""
	if !r.alone {
		briefly = where
	}
	switch {
	case r.err != nil:
		return []Finding{{What: what, Err: fmt.Errorf("%s; %s", config.Clause(r.err), hint(r.err))}}
	case len(r.held) == 0:
		return []Finding{{What: what, Err: fmt.Errorf("%sthe identity has none of the rights of its role;"+
			" assign the role that %s prints to it there, and wait ten minutes", where, front.verb())}}
	}
	var found []Finding
	for _, group := range byProvider(r.held) {
		found = append(found, Finding{What: what, Note: briefly + "has " + group})
	}
	var faults []error
	var notes []Finding
	for _, group := range byUse(r.missing) {
		first := group[0]
		switch {
		case first.Optional:
			notes = append(notes, spared(briefly, group, first.Use)...)
		case !front.firewalls.Include(first.Firewall):
			notes = append(notes, spared(briefly, group, first.Use+", and none is seen in front of a machine")...)
		default:
			faults = append(faults, fmt.Errorf("%sthe identity lacks %s, needed %s%s; give it the role that %s prints",
				where, strings.Join(app.Names(group), ", "), first.Use, front.example(first), front.verb()))
		}
	}
	if errors.Join(faults...) != nil {
		found = append(found, verdict(what, "", faults...)...)
	}
	return append(found, notes...)
}

// example names what the action is needed for.
func (f inFront) example(a app.Action) string {
	words := f.named[a.Firewall]
	if a.Use == app.SeesFirewalls {
		words = f.hop
	}
	if words == "" {
		return ""
	}
	return " (" + words + ")"
}

// verb is the command that prints the role.
func (f inFront) verb() string {
	if f.firewalls == app.NoFirewalls || f.firewalls == "" {
		return "jitbot role"
	}
	return "jitbot role --firewall " + string(f.firewalls)
}

// spared are lines about what is missing and not missed.
func spared(where string, group []app.Action, needed string) []Finding {
	var out []Finding
	for _, some := range byProvider(group) {
		out = append(out, Finding{What: "azure rights", Note: where + "lacks " + some + ", needed only " + needed})
	}
	return out
}

// byProvider writes actions short, those of a resource provider together.
func byProvider(all []app.Action) []string {
	var order, out []string
	kinds := map[string][]string{}
	for _, a := range all {
		provider, kind, _ := strings.Cut(a.Name, "/")
		if kinds[provider] == nil {
			order = append(order, provider)
		}
		kinds[provider] = append(kinds[provider], kind)
	}
	for _, provider := range order {
		out = append(out, provider+"/{"+strings.Join(kinds[provider], ", ")+"}")
	}
	return out
}

// byUse puts together what is needed for the same.
func byUse(all []app.Action) [][]app.Action {
	var out [][]app.Action
	at := map[string]int{}
	for _, a := range all {
		i, known := at[a.Use]
		if !known {
			i = len(out)
			at[a.Use] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], a)
	}
	return out
}
