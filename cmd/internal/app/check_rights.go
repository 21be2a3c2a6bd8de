package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/azure"
)

// rights are what the bot's identity holds of its role in a subscription.
type rights struct {
	subscription  string
	alone         bool // there is no other subscription
	held, missing []action
	err           error
}

func (o Options) readRights(ctx context.Context, client *azure.Client) []rights {
	all := make([]*rights, 0, len(o.Config.Azure.Subscriptions))
	for _, id := range o.Config.Azure.Subscriptions {
		all = append(all, &rights{subscription: id})
	}
	faults := abroad(all, func(r *rights) error {
		roles, err := client.Permissions(ctx, r.subscription)
		r.compare(o.Config.actions(), roles)
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
func (r *rights) compare(needed []action, roles []jit.Role) {
	held := jit.Holdings{Scope: "/subscriptions/" + r.subscription, Roles: roles}
	for _, a := range needed {
		if len(held.Missing([]string{a.name})) > 0 {
			r.missing = append(r.missing, a)
		} else {
			r.held = append(r.held, a)
		}
	}
}

// findings name every action that is held and that is missing. What only
// firewalls need is a fault where firewall says that there is one, or may be;
// what only tells more is none.
func (r rights) findings(firewall string) []Finding {
	const what = "azure rights"
	where, briefly := "subscription "+r.subscription+": ", ""
	if !r.alone {
		briefly = where
	}
	switch {
	case r.err != nil:
		return []Finding{{What: what, Err: fmt.Errorf("%s; %s", sentence(r.err), hint(r.err))}}
	case len(r.held) == 0:
		return []Finding{{What: what, Err: fmt.Errorf("%sthe identity has none of the rights of its role; assign the role that jitbot role prints to it there, and wait ten minutes", where)}}
	}
	var found []Finding
	for _, group := range byProvider(r.held) {
		found = append(found, Finding{What: what, Note: briefly + "has " + group})
	}
	var faults []error
	var notes []Finding
	for _, group := range byUse(r.missing) {
		first := group[0]
		needed := first.use
		if first.firewall {
			needed += " (" + firewall + ")"
		}
		switch {
		case first.extra:
			notes = append(notes, spared(briefly, group, first.use)...)
		case first.firewall && firewall == "":
			notes = append(notes, spared(briefly, group, "where a firewall is in front of a machine, and none is")...)
		default:
			faults = append(faults, fmt.Errorf("%sthe identity lacks %s, needed %s; give it the role that jitbot role prints", where, strings.Join(names(group), ", "), needed))
		}
	}
	if errors.Join(faults...) != nil {
		found = append(found, verdict(what, "", faults...)...)
	}
	return append(found, notes...)
}

// spared are lines about what is missing and not missed.
func spared(where string, group []action, needed string) []Finding {
	var out []Finding
	for _, some := range byProvider(group) {
		out = append(out, Finding{What: "azure rights", Note: where + "lacks " + some + ", needed only " + needed})
	}
	return out
}

// byProvider writes actions short, those of a resource provider together.
func byProvider(all []action) []string {
	var order, out []string
	kinds := map[string][]string{}
	for _, a := range all {
		provider, kind, _ := strings.Cut(a.name, "/")
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
func byUse(all []action) [][]action {
	var out [][]action
	at := map[string]int{}
	for _, a := range all {
		i, known := at[a.use]
		if !known {
			i = len(out)
			at[a.use] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], a)
	}
	return out
}
