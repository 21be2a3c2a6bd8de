package admission

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"jitbot/jit"
	"jitbot/jit/policies"
	"jitbot/jit/text"
)

// IsListed reports whether the user is one of the ids, directly or through a
// user group. A group that is gone counts as nobody.
func (c Checker) IsListed(ctx context.Context, ids []string, who jit.UserID) (bool, error) {
	if slices.Contains(ids, string(who)) {
		return true, nil
	}
	members, _, err := c.groupMembers(ctx, ids)
	return slices.Contains(members, who), err
}

// groupMembers are the users of those ids that are user groups, and the groups that
// are gone, of which the channel is warned.
func (c Checker) groupMembers(ctx context.Context, ids []string) (users []jit.UserID, gone []string, err error) {
	for _, id := range ids {
		if !strings.HasPrefix(id, "S") {
			continue
		}
		members, err := c.Adapters.People.Group(ctx, id)
		if errors.Is(err, jit.ErrNotFound) {
			c.warnMissing(ctx, id, "the user group "+id+" is gone or switched off, and counts as nobody")
			gone = append(gone, id)
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("reading the user group %s: %w", id, err)
		}
		c.missing.back(id)
		users = append(users, members...)
	}
	return users, gone, nil
}

// people are the users of the ids, each once, and the groups that are gone.
func (c Checker) people(ctx context.Context, ids []string) (users []jit.UserID, gone []string, err error) {
	users, gone, err = c.groupMembers(ctx, ids)
	for _, id := range ids {
		if !strings.HasPrefix(id, "S") {
			users = append(users, jit.UserID(id))
		}
	}
	slices.Sort(users)
	return slices.Compact(users), gone, err
}

const maxAsked = 20 // people who are asked by name

// Silent are those of the ids who could approve the grant and have not, as user groups are
// now. Whoever is no approver for any reason is left out; where that cannot be told, they
// are asked.
func (c Checker) Silent(ctx context.Context, ids []string, g jit.Grant) ([]jit.UserID, error) {
	users, _, err := c.people(ctx, ids)
	if err != nil {
		return nil, err
	}
	var out []jit.UserID
	for _, id := range users {
		if len(out) == maxAsked {
			break
		}
		p, err := c.Identify(ctx, id)
		if p.ID = id; errors.As(err, new(*jit.Refusal)) || p.Same(g.Request.By) || g.ApprovedBy(p) {
			continue
		}
		out = append(out, id)
	}
	return out, nil
}

// EnoughApprovers refuses when fewer people than required could approve, and says who
// cannot and why.
func (c Checker) EnoughApprovers(ctx context.Context, rule policies.ApprovalRule, asker jit.Person) error {
	if rule.Required == 0 {
		return nil
	}
	candidates, gone, err := c.people(ctx, rule.Approvers)
	if err != nil {
		return err
	}
	var why []*jit.Refusal
	for _, id := range gone {
		why = append(why, jit.Refuse(jit.ErrPolicy, "the user group %s is gone from Slack", id))
	}
	found := map[string]bool{}
	for _, id := range candidates {
		p, err := c.Identify(ctx, id)
		var no *jit.Refusal
		switch {
		case errors.As(err, &no):
			c.Adapters.Log.WarnContext(ctx, "an approver of the configuration counts as nobody",
				slog.String("user", string(id)), slog.String("why", no.Error()))
			why = append(why, no)
		case err != nil:
			return err
		case p.Same(asker):
			why = append(why, jit.Refuse(jit.ErrPolicy, "%s asks, and cannot approve that too", id))
		default:
			found[strings.ToLower(p.Entra)] = true
		}
		if len(found) >= rule.Required {
			return nil
		}
	}
	return tooFew(rule.Required, len(found), why)
}

const maxWhy = 4 // reasons that are told

// tooFew says how many approvals are needed, how many could be had, and why no more.
func tooFew(need, have int, why []*jit.Refusal) *jit.Refusal {
	out := jit.Refuse(jit.ErrPolicy, "%s needed, and %s could give one",
		jit.Whole(text.Count(need, "approval is", "approvals are")), jit.Whole(text.Count(have, "person", "people")))
	if have == 0 {
		out = jit.Refuse(jit.ErrPolicy, "%s needed, and nobody could give one", jit.Whole(text.Count(need, "approval is", "approvals are")))
	}
	between := ": "
	for _, no := range why[:min(len(why), maxWhy)] {
		out, between = out.Then(between, no), "; "
	}
	if more := len(why) - maxWhy; more > 0 {
		out = out.Then("; ", jit.Refuse(jit.ErrPolicy, "%s more cannot either", fmt.Sprint(more)))
	}
	return out.Then(". ", jit.Refuse(jit.ErrPolicy, "Ask an admin to mend the approvers in the configuration, or to tie them under users")).
		Then(".", jit.Refuse(jit.ErrPolicy, ""))
}

// missing are the people and groups of the configuration that are unknown to Slack, of
// which the channel was warned. mu guards them. Safe for concurrent use.
type missing struct {
	mu  sync.Mutex
	ids map[string]bool
}

// first reports whether this is the first word of it since it was there.
func (m *missing) first(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ids[id] {
		return false
	}
	if m.ids == nil {
		m.ids = map[string]bool{}
	}
	m.ids[id] = true
	return true
}

// back has the channel warned again the next time.
func (m *missing) back(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.ids, id)
}

// warnMissing warns the channel, once, of somebody in the configuration whom Slack does
// not know. What cannot be recorded is said the next time.
func (c Checker) warnMissing(ctx context.Context, id, what string) {
	if c.Adapters.Record == nil || !c.missing.first(id) { // jitbot check has no record, and says it itself
		return
	}
	c.Adapters.Log.WarnContext(ctx, "somebody in the configuration is unknown to Slack", slog.String("id", id))
	if err := c.Adapters.Record.Append(ctx, jit.Line(jit.EventMissing, what, c.Clock.Now())); err != nil {
		c.missing.back(id)
		c.Adapters.Log.ErrorContext(ctx, "warning of it failed", slog.String("id", id), slog.Any("error", err))
	}
}
