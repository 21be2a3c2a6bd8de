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
