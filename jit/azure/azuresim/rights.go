package azuresim

import (
	"slices"
	"strings"
)

// RoleDefinition gives one role definition by its GUID.
func (s *Sim) RoleDefinition(id string) (RoleDefinition, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, found := s.roles[key(id)]
	return v, found
}

// WithoutDelete is a list of actions without those that delete.
func WithoutDelete(actions []string) []string {
	return slices.DeleteFunc(slices.Clone(actions), func(a string) bool { return strings.HasSuffix(strings.ToLower(a), "/delete") })
}

// DenyDelete is the deny assignment that a deployment stack makes in its mode
// denyDelete: everybody may write what it manages, nobody may delete it.
func DenyDelete(scope, stack string) DenyAssignment {
	id := strings.TrimRight(scope, "/") + "/providers/Microsoft.Resources/deploymentStacks/" + stack
	return DenyAssignment{
		Name:  "Deny assignment '" + guidOf(id) + "' created by Deployment Stack '" + id + "'.",
		Scope: scope, Actions: []string{"*/delete"}, Principals: []string{Everyone},
	}
}

// permissions are all permissions of a role.
func (r RoleDefinition) permissions() []Permission {
	return append([]Permission{{
		Actions: r.Actions, NotActions: r.NotActions, DataActions: r.DataActions, NotDataActions: r.NotDataActions, Condition: r.Condition,
	}}, r.More...)
}

func permissionBodies(r RoleDefinition) []object {
	var all []object
	for _, p := range r.permissions() {
		body := object{
			"actions": list(p.Actions), "notActions": list(p.NotActions),
			"dataActions": list(p.DataActions), "notDataActions": list(p.NotDataActions),
		}
		if p.Condition != "" {
			body["condition"], body["conditionVersion"] = p.Condition, "2.0"
		}
		all = append(all, body)
	}
	return all
}
