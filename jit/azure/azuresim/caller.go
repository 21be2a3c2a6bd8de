package azuresim

import (
	"net/http"
	"slices"
	"strings"
)

// authorize refuses with 403 what the caller may not do.
func (s *Sim) authorize(c *call) *problem {
	if c.action == "" {
		return nil
	}
	scope := c.path.id
	if c.path.scope != "" && strings.HasPrefix(c.action, "Microsoft.Authorization/") {
		scope = c.path.scope
	}
	refusal := unauthorized(c, c.action, scope)
	set := s.settings
	if matchesAny(set.DeniedActions, c.action) || set.AllowedActions != nil && !matchesAny(set.AllowedActions, c.action) {
		return refusal
	}
	if !set.EnforceRBAC {
		return nil
	}
	if d := s.denied(c.caller.PrincipalID, c.action, scope); d != nil {
		return fromGateway(http.StatusForbidden, "DenyAssignmentAuthorizationFailed",
			"The client '%s' with object id '%s' has permission to perform action '%s' on scope '%s'; however, the access is "+
				"denied because of the deny assignment with name '%s' and Id '%s' at scope '%s'.",
			c.caller.ClientID, c.caller.PrincipalID, c.action, scope, d.Name, strings.ReplaceAll(d.ID, "-", ""), d.Scope)
	}
	if s.granted(c.caller.PrincipalID, c.action, scope) {
		return nil
	}
	if set.FilterLists && c.path.list && c.path.group == "" && c.request.Method == http.MethodGet {
		c.filtered = true
		return nil
	}
	return refusal
}

// granted evaluates role assignments as Azure documents it: the subtraction
// of NotActions is per permission of a role, and a condition, on the assignment
// or on the permission, is taken for not granting.
func (s *Sim) granted(principal, action, scope string) bool {
	members := s.memberships(principal)
	return slices.ContainsFunc(s.assignments, func(a RoleAssignment) bool {
		role, known := s.roles[key(a.Role)]
		return known && a.Condition == "" && members[key(a.Principal)] && s.covers(a.Scope, scope) &&
			slices.ContainsFunc(role.permissions(), func(p Permission) bool {
				return p.Condition == "" && matchesAny(p.Actions, action) && !matchesAny(p.NotActions, action)
			})
	})
}

// visible says whether an element of a list is shown to the caller.
func (s *Sim) visible(c *call, id string) bool {
	return !c.filtered || s.denied(c.caller.PrincipalID, c.action, id) == nil && s.granted(c.caller.PrincipalID, c.action, id)
}

func (s *Sim) denied(principal, action, scope string) *DenyAssignment {
	members := s.memberships(principal)
	named := func(ids []string, everyone bool) bool {
		return slices.ContainsFunc(ids, func(id string) bool { return members[key(id)] || everyone && id == Everyone })
	}
	for i, d := range s.denials {
		at := s.covers(d.Scope, scope) && (!d.DoNotApplyToChildScopes || key(d.Scope) == key(scope))
		if at && named(d.Principals, true) && !named(d.ExcludePrincipals, false) &&
			matchesAny(d.Actions, action) && !matchesAny(d.NotActions, action) {
			return &s.denials[i]
		}
	}
	return nil
}

func matchesAny(patterns []string, action string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(key(p), key(action)) })
}

// matches compares with stars that stand for anything, slashes too.
func matches(pattern, text string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == text
	}
	if !strings.HasPrefix(text, head) {
		return false
	}
	text = text[len(head):]
	for {
		middle, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(text, rest)
		}
		at := strings.Index(text, middle)
		if at < 0 {
			return false
		}
		text, rest = text[at+len(middle):], after
	}
}
