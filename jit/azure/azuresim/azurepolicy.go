package azuresim

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// PolicyAssignment is an assignment of Azure Policy whose effect is deny. It
// judges by a function where Azure has expressions.
type PolicyAssignment struct {
	// Name and DisplayName are the assignment's.
	Name, DisplayName string
	// Definition and DefinitionName are the name and the display name of the
	// policy definition; empty: the assignment's.
	Definition, DefinitionName string
	// Scope is what it is assigned to; it concerns all below.
	Scope string
	// Denies says whether a write is refused; nil: every one. It is called
	// under the simulator's lock and must not call the Sim.
	Denies func(PolicyWrite) bool
	// Deletes says that deletions are judged too (effect denyAction);
	// otherwise only PUT, PATCH and POST are.
	Deletes bool
}

// PolicyWrite is a request that Azure Policy judges.
type PolicyWrite struct {
	Method string
	// ID is the resource as asked, Type its type in lower case.
	ID, Type string
	Body     []byte
}

// AddPolicyAssignment makes an assignment effective; one of the same name and
// scope is replaced.
func (s *Sim) AddPolicyAssignment(a PolicyAssignment) {
	s.RemovePolicyAssignment(a.Scope, a.Name)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.edge.assignments = append(s.edge.assignments, a)
}

// RemovePolicyAssignment removes the assignment of that name at that scope.
func (s *Sim) RemovePolicyAssignment(scope, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.edge.assignments = slices.DeleteFunc(s.edge.assignments, func(a PolicyAssignment) bool {
		return key(a.Scope) == key(scope) && strings.EqualFold(a.Name, name)
	})
}

// disallowed answers a write that Azure Policy denies.
func (s *Sim) disallowed(c *call) (reply, bool) {
	if c.request.Method == http.MethodGet || c.request.Method == http.MethodHead {
		return reply{}, false
	}
	w := PolicyWrite{Method: c.request.Method, ID: c.path.id, Type: c.path.kind, Body: c.body}
	for _, a := range s.edge.assignments {
		if w.Method == http.MethodDelete && !a.Deletes || !s.covers(a.Scope, c.path.id) || a.Denies != nil && !a.Denies(w) {
			continue
		}
		return a.refusal(w), true
	}
	return reply{}, false
}

// refusal has the shape of Azure's answer, as people have posted it (such as
// Azure/azure-cli#8058).
func (a PolicyAssignment) refusal(w PolicyWrite) reply {
	definition := cmp.Or(a.Definition, a.Name)
	shown := cmp.Or(a.DefinitionName, a.DisplayName, definition)
	assignmentID := strings.TrimRight(a.Scope, "/") + authorization + "policyAssignments/" + a.Name
	definitionID := authorization + "policyDefinitions/" + definition
	type identifier struct {
		Name string `json:"name"`
		ID   string `json:"id"`
	}
	identifiers := encode([]map[string]identifier{{
		"policyAssignment": {cmp.Or(a.DisplayName, a.Name), assignmentID}, "policyDefinition": {shown, definitionID},
	}})
	effect := "deny"
	if w.Method == http.MethodDelete {
		effect = "denyAction"
	}
	info := object{
		"policyDefinitionDisplayName": shown, "policyDefinitionId": definitionID, "policyDefinitionName": definition,
		"policyDefinitionEffect": effect, "policyAssignmentId": assignmentID, "policyAssignmentName": a.Name,
		"policyAssignmentDisplayName": cmp.Or(a.DisplayName, a.Name), "policyAssignmentScope": a.Scope, "policyAssignmentParameters": object{},
		"policyExemptionIds": []string{},
		"evaluationDetails": object{"evaluatedExpressions": []object{{
			"result": "True", "expressionKind": "Field", "expression": "type", "path": "type",
			"expressionValue": w.Type, "targetValue": w.Type, "operator": "Equals",
		}}},
	}
	return reply{
		status: http.StatusForbidden, header: map[string]string{"x-ms-failure-cause": "gateway"},
		body: object{"error": object{
			"code": "RequestDisallowedByPolicy", "target": nameOf(w.ID),
			"message":        fmt.Sprintf("Resource '%s' was disallowed by policy. Policy identifiers: '%s'.", nameOf(w.ID), identifiers),
			"additionalInfo": []object{{"type": "PolicyViolation", "info": info}},
		}},
	}
}
