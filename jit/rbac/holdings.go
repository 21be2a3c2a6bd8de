package rbac

import (
	"slices"
	"strings"

	"jitbot/jit/resource"
)

// Holdings is what a user was found to hold at or above a scope: the role
// assignments, direct or through groups, and the deny assignments there.
type Holdings struct {
	User   string   // Entra object id
	Groups []string // object ids of the user's groups, transitively; read when there are deny assignments
	Scope  string   // resource id that was asked about
	Roles  []Role
	Denies []Deny
}

// Role is one role assignment with its definition.
type Role struct {
	Name        string
	Scope       string // of the assignment
	Actions     []string
	NotActions  []string
	Conditional bool // the assignment has a condition: it grants nothing
	Unreadable  bool // the definition could not be read: it grants nothing
}

// Deny is one deny assignment.
type Deny struct {
	Name        string
	Scope       string
	Actions     []string
	NotActions  []string
	Principals  []string // object ids of users and groups
	Excluded    []string
	Everyone    bool // its principal is Azure's "everyone", the zero GUID
	NotChildren bool // applies at its scope only
}

// Missing lists the required actions that the user does not hold, in their
// order. An action with * is held when one pattern of one role covers all
// that it can mean, and neither that role's NotActions nor a deny assignment
// meets any of it.
// https://learn.microsoft.com/azure/role-based-access-control/overview
func (h Holdings) Missing(required []string) []string {
	var missing []string
	for _, action := range required {
		if !h.granted(action) || h.denied(action) {
			missing = append(missing, action)
		}
	}
	return missing
}

func (h Holdings) granted(action string) bool {
	return slices.ContainsFunc(h.Roles, func(r Role) bool {
		return !r.Conditional && !r.Unreadable && r.Scope != "" && resource.Within(h.Scope, r.Scope) &&
			slices.ContainsFunc(r.Actions, func(p string) bool { return covers(p, action) }) &&
			!slices.ContainsFunc(r.NotActions, func(p string) bool { return meets(p, action) })
	})
}

func (h Holdings) denied(action string) bool {
	_, denied := h.DeniedBy(action)
	return denied
}

// DeniedBy finds a deny assignment that concerns the user and takes something away of
// what the action can mean.
func (h Holdings) DeniedBy(action string) (Deny, bool) {
	i := slices.IndexFunc(h.Denies, func(d Deny) bool {
		return h.concerns(d) &&
			slices.ContainsFunc(d.Actions, func(p string) bool { return meets(p, action) }) &&
			!slices.ContainsFunc(d.NotActions, func(p string) bool { return covers(p, action) })
	})
	if i < 0 {
		return Deny{}, false
	}
	return h.Denies[i], true
}

func (h Holdings) concerns(d Deny) bool {
	if d.NotChildren && !resource.Same(d.Scope, h.Scope) || !resource.Within(h.Scope, d.Scope) {
		return false
	}
	is := func(id string) bool {
		return strings.EqualFold(id, h.User) ||
			slices.ContainsFunc(h.Groups, func(g string) bool { return strings.EqualFold(g, id) })
	}
	return (d.Everyone || slices.ContainsFunc(d.Principals, is)) && !slices.ContainsFunc(d.Excluded, is)
}
