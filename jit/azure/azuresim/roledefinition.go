package azuresim

import (
	_ "embed" // for the list of operations
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

//go:embed operations.txt
var operationList string

// Operations are the operations of the resource providers that a role
// definition may name, those of the resources that are simulated and of what
// people must hold.
func Operations() []string {
	var all []string
	for line := range strings.Lines(operationList) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	return all
}

// CheckAction says why Azure would not take a role definition with the action.
// With a star it is taken when an operation begins as it does.
func CheckAction(action string) error {
	if p := checkAction(action); p != nil {
		return p
	}
	return nil
}

func checkAction(action string) *problem {
	provider, _, _ := strings.Cut(action, "/")
	begin, _, star := strings.Cut(key(action), "*")
	served := false
	for _, operation := range Operations() {
		operation = key(operation)
		if operation == begin || star && strings.HasPrefix(operation, begin) {
			return nil
		}
		served = served || strings.HasPrefix(operation, key(provider)+"/")
	}
	if !served {
		return fromGateway(http.StatusBadRequest, "InvalidActionOrNotAction",
			"The resource provider referenced in the action is not returned in the list of providers from Azure Resource Manager.")
	}
	return fromGateway(http.StatusBadRequest, "InvalidActionOrNotAction",
		"'%s' does not match any of the actions supported by the providers.", action)
}

// putRole creates or replaces a custom role. One action that no provider has
// refuses all of it.
func (s *Sim) putRole(c *call) reply {
	var body struct {
		Properties struct {
			RoleName         string   `json:"roleName"`
			Description      string   `json:"description"`
			AssignableScopes []string `json:"assignableScopes"`
			Permissions      []struct {
				Actions    []string `json:"actions"`
				NotActions []string `json:"notActions"`
			} `json:"permissions"`
		} `json:"properties"`
	}
	err := json.Unmarshal(c.body, &body)
	if err != nil || len(body.Properties.Permissions) != 1 || len(body.Properties.AssignableScopes) == 0 {
		return fromGateway(http.StatusBadRequest, "InvalidRoleDefinition",
			"The role definition must have one permission and an assignable scope or more.").reply()
	}
	p, permission := body.Properties, body.Properties.Permissions[0]
	for _, action := range slices.Concat(permission.Actions, permission.NotActions) {
		if refused := checkAction(action); refused != nil {
			return refused.reply()
		}
	}
	for _, other := range s.roles {
		if key(other.ID) != key(c.path.name()) && strings.EqualFold(other.Name, p.RoleName) {
			return fromGateway(http.StatusConflict, "RoleDefinitionWithSameNameExists",
				"A custom role with the same name already exists in this directory. Use a different name").reply()
		}
	}
	role := RoleDefinition{
		ID: c.path.name(), Name: p.RoleName, Description: p.Description, Custom: true,
		Actions: permission.Actions, NotActions: permission.NotActions, AssignableScopes: p.AssignableScopes,
	}
	s.roles[key(role.ID)] = role
	return reply{status: http.StatusCreated, body: s.roleBody(c, role)}
}
