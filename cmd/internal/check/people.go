package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"jitbot/cmd/internal/config"
	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/policies"
	"jitbot/jit/preflight"
	"jitbot/jit/text"
)

// members is who is who in the configuration.
type members struct {
	config policies.Config
	people admission.People
	survey preflight.Approvers
	entra  bool // survey may be asked
}

// maxAsked is how many people Slack is asked about: it lets one ask after some
// hundred in a minute. Those who decide come first.
const maxAsked = 80

// named are the ids of the configuration, each with where it stands.
func (ms members) named() (ids []string, where map[string][]string) {
	where = map[string][]string{}
	add := func(place string, all ...string) {
		for _, id := range all {
			if where[id] == nil {
				ids = append(ids, id)
			}
			if !slices.Contains(where[id], place) {
				where[id] = append(where[id], place)
			}
		}
	}
	for i, rule := range ms.config.Approvals {
		add(fmt.Sprintf("approvals[%d].approvers", i), rule.Approvers...)
		add(fmt.Sprintf("approvals[%d].escalate.to", i), rule.EscalateTo...)
		if rule.Auto.OnCall != "" {
			add(fmt.Sprintf("approvals[%d].auto.on_call", i), rule.Auto.OnCall)
		}
	}
	add("admins", ms.config.Admins...)
	add("break_glass", ms.config.BreakGlass...)
	var users []string
	for id := range ms.config.Users {
		users = append(users, string(id))
	}
	slices.Sort(users)
	add("users", users...)
	return ids, where
}

func (ms members) check(ctx context.Context) []Finding {
	const what = "slack people"
	ids, where := ms.named()
	left := max(0, len(ids)-maxAsked)
	ids = ids[:len(ids)-left]
	faults := each(ids, func(id string) error {
		place := strings.Join(where[id], " and ")
		if strings.HasPrefix(id, "S") {
			return ms.group(ctx, id, place)
		}
		return ms.member(ctx, jit.UserID(id), place)
	})
	note := text.Count(len(ids), "id of the configuration is known and tied to Entra", "ids of the configuration are known and tied to Entra")
	if left > 0 {
		note += fmt.Sprintf("; %d more under users were not looked up, since Slack answers so many in a minute", left)
	}
	return verdict(what, note, faults...)
}

const missingScope = "where a scope is missing reinstall the app from the manifest, else check slack.api_url"

// group looks for a user group.
func (ms members) group(ctx context.Context, id, place string) error {
	members, err := ms.people.Group(ctx, id)
	switch {
	case errors.Is(err, jit.ErrNotFound):
		return fmt.Errorf("Slack does not know %s, or it is switched off; mend %s", id, place) //nolint:staticcheck // a name
	case err != nil:
		return mendSlack(err, missingScope)
	case len(members) == 0:
		return fmt.Errorf("nobody is in the user group %s under %s; add people to it in Slack", id, place)
	}
	return nil
}

// member looks for somebody, and for the Entra user that they are tied to; the
// users of the configuration are looked for in Entra by run.users.
func (ms members) member(ctx context.Context, id jit.UserID, place string) error {
	m, err := ms.people.Member(ctx, id)
	switch {
	case errors.Is(err, jit.ErrNotFound):
		return fmt.Errorf("Slack does not know %s; mend %s", id, place) //nolint:staticcheck // a name
	case err != nil:
		return mendSlack(err, missingScope)
	case m.Bar() != "" && place == "users":
		return fmt.Errorf("%s is %s; take that line out of users", id, m.Bar())
	case m.Bar() != "":
		return fmt.Errorf("%s is %s and counts as nobody; name somebody else in %s", id, m.Bar(), place)
	case ms.config.Users[id] != "":
		return nil
	case !ms.config.MatchEmail:
		return fmt.Errorf("%s (%s) is tied to no Entra user and counts as nobody; write a line for them under users", id, place)
	case !ms.entra:
		return nil
	}
	_, err = ms.survey.Person(ctx, id)
	if no, ok := errors.AsType[*jit.Refusal](err); ok {
		return fmt.Errorf("%s: %w", place, no)
	}
	return mendEntra(err)
}

// mendEntra is short where nobody can be found in Entra at all.
func mendEntra(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jit.ErrForbidden):
		return errors.New("nobody can be found in Entra; mend azure rights, and give the identity the Graph permission User.Read.All")
	default:
		return mend("finding people in Entra", err)
	}
}

// checkApprovals counts for each entry who could approve.
func (ms members) checkApprovals(ctx context.Context) []Finding {
	const what = "approvals"
	if !ms.entra {
		return nil
	}
	places := make([]int, len(ms.config.Approvals))
	for i := range places {
		places[i] = i
	}
	faults := each(places, func(i int) error { return ms.enough(ctx, i) })
	note := text.Count(len(places), "entry has as many approvers as it requires", "entries have as many approvers as they require")
	return verdict(what, note, faults...)
}

// enough also says who of the entry's user groups counts as nobody: those that
// it names itself are looked at in check.
func (ms members) enough(ctx context.Context, i int) error {
	rule := ms.config.Approvals[i]
	err := ms.survey.Enough(ctx, rule)
	no, refused := errors.AsType[*jit.Refusal](err)
	switch {
	case err == nil:
		return nil
	case !refused:
		return mendEntra(err)
	}
	faults := []error{fmt.Errorf("approvals[%d]: %s", i, config.Clause(no))}
	for _, id := range rule.Approvers {
		if !strings.HasPrefix(id, "S") {
			continue
		}
		members, err := ms.people.Group(ctx, id)
		if err != nil {
			continue // said in check
		}
		faults = append(faults, each(members[:min(len(members), maxAsked)], func(m jit.UserID) error {
			return ms.member(ctx, m, "the user group "+id)
		})...)
	}
	return errors.Join(faults...)
}
