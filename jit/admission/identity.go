package admission

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/text"
)

// Member refuses everybody who is not a full, active member, and who is on the bot's
// machine: whoever is there may end access, and neither ask nor approve.
func (c Checker) Member(ctx context.Context, id jit.UserID) (Member, error) {
	if id.Host() {
		return Member{}, jit.Refuse(jit.ErrAuthority, "%s is no member of the workspace, and may end access but do nothing else.", id)
	}
	m, err := c.Adapters.People.Member(ctx, id)
	switch {
	case errors.Is(err, jit.ErrNotFound):
		if c.named(id) {
			c.warnMissing(ctx, string(id), "the person "+string(id)+" is unknown, and counts as nobody")
		}
		return m, jit.Refuse(jit.ErrAuthority, "Slack does not know %s any more, so nothing can be done in that name.", id)
	case err != nil:
		return m, fmt.Errorf("reading who %s is: %w", id, err)
	}
	c.missing.back(string(id))
	if what := m.Bar(); what != "" {
		return m, jit.Refuse(jit.ErrAuthority, "%s is "+what+"; "+
			"only full members of this workspace may use jitbot. Ask a member to do it.", id)
	}
	return m, nil
}

// named reports whether the configuration names the person.
func (c Checker) named(id jit.UserID) bool {
	lists := [][]string{c.Config.Admins, c.Config.BreakGlass}
	for _, rule := range c.Config.Approvals {
		lists = append(lists, rule.Approvers, rule.EscalateTo)
	}
	_, tied := c.Config.Users[id]
	return tied || slices.Contains(slices.Concat(lists...), string(id))
}

// Identify is the member with the Entra user they are tied to.
func (c Checker) Identify(ctx context.Context, id jit.UserID) (jit.Person, error) {
	m, err := c.Member(ctx, id)
	if err != nil {
		return jit.Person{}, err
	}
	name, mail := c.Config.Users[id], false
	if name == "" && c.Config.MatchEmail {
		if !m.Confirmed || m.Email == "" {
			return jit.Person{}, jit.Refuse(jit.ErrAuthority, "%s has no confirmed e-mail address in Slack, so no Entra user can be told by it; "+
				"confirm it, or ask an admin for a line under users.", id)
		}
		name, mail = m.Email, true
	}
	if name == "" {
		return jit.Person{}, jit.Refuse(jit.ErrAuthority, "%s is not tied to an Entra user; "+
			"ask an admin for a line under users in the configuration.", id)
	}
	account, err := c.account(ctx, id, name, mail)
	if err != nil {
		return jit.Person{}, err
	}
	return jit.Person{ID: id, Entra: account.ID, Name: account.Name}, nil
}

func (c Checker) account(ctx context.Context, id jit.UserID, name string, mail bool) (Account, error) {
	account, err := c.Adapters.Directory.User(ctx, name, mail)
	switch {
	case errors.Is(err, jit.ErrNotFound):
		return account, jit.Refuse(jit.ErrAuthority, "Entra has no user %s, to whom %s is tied; "+
			"ask an admin to mend the line under users.", name, id)
	case errors.Is(err, ErrAmbiguous):
		return account, jit.Refuse(jit.ErrAuthority, "More than one Entra user has %s, so %s can be none of them; "+
			"ask an admin for a line under users.", name, id)
	case err != nil:
		return account, fmt.Errorf("finding the Entra user of %s: %w", id, err)
	case !account.Enabled:
		return account, jit.Refuse(jit.ErrAuthority, "The Entra user %s is switched off, so nothing can be done in that name.", name)
	}
	if mail || c.Adapters.Names == nil {
		return account, nil
	}
	kept, err := c.Adapters.Names.Bind(ctx, string(id)+"="+strings.ToLower(name), account.ID)
	if err != nil {
		return account, fmt.Errorf("keeping the Entra user of %s: %w", id, err)
	}
	if !strings.EqualFold(kept, account.ID) {
		return account, jit.Refuse(jit.ErrAuthority, "%s means another Entra user than when %s was first tied to it; "+
			"ask an admin to edit that line under users.", name, id)
	}
	return account, nil
}

// CheckRights refuses a person who lacks one of the actions at the VM.
func (c Checker) CheckRights(ctx context.Context, who jit.Person, vm jit.VM, actions []string) error {
	if len(actions) == 0 {
		return nil
	}
	held, err := c.Adapters.Directory.Holdings(ctx, who.Entra, vm.ID)
	if err != nil {
		return fmt.Errorf("reading the Azure roles of %s at %s: %w", who.ID, vm.Name, err)
	}
	missing := held.Missing(actions)
	if len(missing) == 0 {
		return nil
	}
	return jit.Refuse(jit.ErrRights, "%s lacks the Azure "+text.Plural(len(missing), "action", "actions")+" %s at %s; "+
		"get a role with it there (an eligible PIM role must be activated first, and a new role takes up to 10 minutes).",
		who.Name, jit.Whole(strings.Join(missing, ", ")), jit.Whole(vm.ID))
}

// SameEntra refuses somebody who was tied to another Entra user when asking.
func SameEntra(g jit.Grant, who jit.Person) error {
	if was := g.Request.By.Entra; was != "" && !strings.EqualFold(was, who.Entra) {
		return jit.Refuse(jit.ErrAuthority, "%s is tied to another Entra user than when this was asked; ask again.", who.ID)
	}
	return nil
}
