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
	return slices.ContainsFunc(h.Denies, func(d Deny) bool {
		return h.concerns(d) &&
			slices.ContainsFunc(d.Actions, func(p string) bool { return meets(p, action) }) &&
			!slices.ContainsFunc(d.NotActions, func(p string) bool { return covers(p, action) })
	})
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

// covers reports whether every action that want can mean matches pattern. A
// star of want stands for any text, so only a star of pattern can answer it:
// matching want's star as a letter of its own decides exactly that.
func covers(pattern, want string) bool {
	p, w := strings.ToLower(pattern), strings.ToLower(want)
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(w) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && p[i] == w[j] && w[j] != '*':
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(p[i:], "*") == ""
}

// meets reports whether some action matches both patterns.
func meets(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	// row[j]: a[:i] and b[:j] have a text in common.
	row := make([]bool, len(b)+1)
	row[0] = true
	for j := 1; j <= len(b); j++ {
		row[j] = row[j-1] && b[j-1] == '*'
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = row[0] && a[i-1] == '*'
		for j := 1; j <= len(b); j++ {
			above := row[j]
			if a[i-1] == '*' || b[j-1] == '*' {
				row[j] = above || row[j-1] // the star is empty, or takes the other's letter
			} else {
				row[j] = diagonal && a[i-1] == b[j-1]
			}
			diagonal = above
		}
	}
	return row[len(b)]
}
