package azuresim

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

const authorization = "/providers/Microsoft.Authorization/"

// filter is a $filter of the authorization lists.
type filter struct {
	atScope               bool
	assignedTo, principal string
	roleName, roleType    string
}

var filterAnd = regexp.MustCompile(`(?i)\s+and\s+`)

var filterTerm = regexp.MustCompile(
	`(?i)^(?:(atScope|atScopeAndBelow)\(\)|(assignedTo)\('([^']*)'\)|(principalId|roleName|type|denyAssignmentName)\s+eq\s+'([^']*)')$`,
)

// readFilter understands what Azure documents for these lists, and refuses
// the rest.
func readFilter(text string) (filter, *problem) {
	var f filter
	if strings.TrimSpace(text) == "" {
		return f, nil
	}
	for _, term := range filterAnd.Split(strings.TrimSpace(text), -1) {
		m := filterTerm.FindStringSubmatch(strings.TrimSpace(term))
		if m == nil {
			return f, fromGateway(
				http.StatusBadRequest, "UnsupportedQuery", "The filter '%s' is not supported. Supported filters are either "+
					"'atScope()' or 'principalId eq '{value}' or assignedTo('{value}')'.", text,
			)
		}
		switch {
		case m[1] != "":
			f.atScope = f.atScope || strings.EqualFold(m[1], "atScope")
		case m[2] != "":
			f.assignedTo = m[3]
		case strings.EqualFold(m[4], "principalId"):
			f.principal = m[5]
		case strings.EqualFold(m[4], "type"):
			f.roleType = m[5]
		default:
			f.roleName = m[5]
		}
	}
	return f, nil
}

// ancestors are the scopes at or above one, by key: the scope, what it lies
// in, the management groups, and "".
func (s *Sim) ancestors(scope string) map[string]bool {
	all := map[string]bool{"": true}
	k := key(scope)
	for at := range len(k) {
		if at > 0 && k[at] == '/' {
			all[k[:at]] = true
		}
	}
	all[k] = true
	if sub := part(k, "subscriptions"); sub != "" {
		for _, name := range s.subscriptions[sub].ManagementGroups {
			all[key("/providers/Microsoft.Management/managementGroups/"+name)] = true
		}
	}
	return all
}

// covers says that a scope is the other one or above it.
func (s *Sim) covers(scope, id string) bool { return s.ancestors(id)[key(scope)] }

// concerns says whether something at a scope belongs in the list for
// another: inherited ones always, those below unless atScope() was asked.
func (s *Sim) concerns(scope, asked string, f filter) bool {
	return s.covers(scope, asked) || !f.atScope && s.covers(asked, scope)
}

// memberships are the id itself and the groups it is in, also by way of
// groups.
func (s *Sim) memberships(id string) map[string]bool {
	in := map[string]bool{key(id): true}
	for grown := true; grown; {
		grown = false
		for k, g := range s.teams {
			if !in[k] && slices.ContainsFunc(g.Members, func(m string) bool { return in[key(m)] }) {
				in[k], grown = true, true
			}
		}
	}
	return in
}

func (s *Sim) listAssignments(c *call) reply {
	f, refused := readFilter(c.request.URL.Query().Get("$filter"))
	if refused != nil {
		return refused.reply()
	}
	bodies := map[string]object{}
	var members map[string]bool
	if f.assignedTo != "" {
		members = s.memberships(f.assignedTo)
	}
	for _, a := range s.assignments {
		if s.concerns(a.Scope, c.path.scope, f) &&
			(f.principal == "" || key(a.Principal) == key(f.principal)) &&
			(members == nil || members[key(a.Principal)]) {
			bodies[key(a.Name)] = s.assignmentBody(c, a)
		}
	}
	return s.pageBodies(c, bodies)
}

func (s *Sim) pageBodies(c *call, bodies map[string]object) reply {
	var keys []string
	for k := range bodies {
		keys = append(keys, k)
	}
	return s.pageOf(c, sortedFold(keys), func(k string) object { return bodies[k] })
}

func (s *Sim) assignmentBody(c *call, a RoleAssignment) object {
	kind := a.PrincipalType
	if kind == "" {
		kind = "ServicePrincipal"
		if _, user := s.users[key(a.Principal)]; user {
			kind = "User"
		} else if _, group := s.teams[key(a.Principal)]; group {
			kind = "Group"
		}
	}
	properties := object{
		"roleDefinitionId": qualified(c, authorization+"roleDefinitions/"+a.Role), "principalId": a.Principal,
		"principalType": kind, "scope": scopeOf(a.Scope), "condition": nil, "conditionVersion": nil,
	}
	if a.Condition != "" {
		properties["condition"], properties["conditionVersion"] = a.Condition, "2.0"
	}
	return object{
		"id":   strings.TrimRight(a.Scope, "/") + authorization + "roleAssignments/" + a.Name,
		"name": a.Name, "type": "Microsoft.Authorization/roleAssignments", "properties": properties,
	}
}

// scopeOf is a scope as Azure writes it: the root is a slash.
func scopeOf(scope string) string {
	if trimmed := strings.TrimRight(scope, "/"); trimmed != "" {
		return trimmed
	}
	return "/"
}

// qualified puts the subscription of the request before an id.
func qualified(c *call, id string) string {
	if c.path.subscription == "" {
		return id
	}
	return "/subscriptions/" + c.path.subscription + id
}

func (s *Sim) roleBody(c *call, r RoleDefinition) object {
	kind := "BuiltInRole"
	if r.Custom {
		kind = "CustomRole"
	}
	scopes := r.AssignableScopes
	if len(scopes) == 0 {
		scopes = []string{"/"}
	}
	return object{
		"id": qualified(c, authorization+"roleDefinitions/"+r.ID), "name": r.ID,
		"type": "Microsoft.Authorization/roleDefinitions",
		"properties": object{
			"roleName": r.Name, "description": r.Description, "type": kind, "assignableScopes": scopes,
			"permissions": permissionBodies(r),
		},
	}
}

func (s *Sim) listRoles(c *call) reply {
	f, refused := readFilter(c.request.URL.Query().Get("$filter"))
	if refused != nil {
		return refused.reply()
	}
	bodies := map[string]object{}
	for k, r := range s.roles {
		custom := map[bool]string{true: "CustomRole", false: "BuiltInRole"}[r.Custom]
		if (f.roleName == "" || strings.EqualFold(f.roleName, r.Name)) && (f.roleType == "" || strings.EqualFold(f.roleType, custom)) {
			bodies[k] = s.roleBody(c, r)
		}
	}
	return s.pageBodies(c, bodies)
}

func (s *Sim) getRole(c *call) reply {
	r, there := s.roles[key(c.path.name())]
	if !there {
		return fromGateway(
			http.StatusNotFound, "RoleDefinitionDoesNotExist", "The specified role definition with ID '%s' does not exist.",
			strings.ReplaceAll(c.path.name(), "-", ""),
		).reply()
	}
	return ok(s.roleBody(c, r))
}

func (s *Sim) listDenials(c *call) reply {
	f, refused := readFilter(c.request.URL.Query().Get("$filter"))
	if refused != nil {
		return refused.reply()
	}
	var members map[string]bool
	switch {
	case f.assignedTo != "":
		members = s.memberships(f.assignedTo)
	case f.principal != "":
		members = map[string]bool{key(f.principal): true}
	}
	bodies := map[string]object{}
	for _, d := range s.denials {
		named := members == nil || slices.ContainsFunc(d.Principals, func(p string) bool { return members[key(p)] })
		if named && s.concerns(d.Scope, c.path.scope, f) && (f.roleName == "" || strings.EqualFold(f.roleName, d.Name)) {
			bodies[key(d.ID)] = s.denialBody(d)
		}
	}
	return s.pageBodies(c, bodies)
}

func (s *Sim) denialBody(d DenyAssignment) object {
	properties := object{
		"denyAssignmentName": d.Name, "description": "", "scope": scopeOf(d.Scope), "isSystemProtected": true,
		"doNotApplyToChildScopes": d.DoNotApplyToChildScopes,
		"principals":              s.principals(d.Principals), "excludePrincipals": s.principals(d.ExcludePrincipals),
		"permissions": []object{
			{"actions": list(d.Actions), "notActions": list(d.NotActions), "dataActions": []string{}, "notDataActions": []string{}},
		},
	}
	if d.Condition != "" {
		properties["condition"], properties["conditionVersion"] = d.Condition, "2.0"
	}
	return object{
		"id":   strings.TrimRight(d.Scope, "/") + authorization + "denyAssignments/" + d.ID,
		"name": d.ID, "type": "Microsoft.Authorization/denyAssignments", "properties": properties,
	}
}

func (s *Sim) principals(ids []string) []object {
	all := []object{}
	for _, id := range ids {
		kind := "ServicePrincipal"
		if _, user := s.users[key(id)]; user {
			kind = "User"
		} else if _, group := s.teams[key(id)]; group {
			kind = "Group"
		} else if id == Everyone {
			kind = "SystemDefined"
		}
		all = append(all, object{"id": id, "type": kind})
	}
	return all
}

func (s *Sim) listPermissions(c *call) reply {
	members := s.memberships(c.caller.PrincipalID)
	values := []object{}
	for _, a := range s.assignments {
		role, known := s.roles[key(a.Role)]
		if known && members[key(a.Principal)] && s.covers(a.Scope, c.path.scope) {
			values = append(values, permissionBodies(role)...)
		}
	}
	return ok(object{"value": values})
}

func (s *Sim) listLocks(c *call) reply {
	f, refused := readFilter(c.request.URL.Query().Get("$filter"))
	if refused != nil {
		return refused.reply()
	}
	bodies := map[string]object{}
	for _, l := range s.locks {
		if s.concerns(l.Scope, c.path.scope, f) {
			id := strings.TrimRight(l.Scope, "/") + authorization + "locks/" + l.Name
			bodies[key(id)] = object{
				"id": id, "name": l.Name, "type": "Microsoft.Authorization/locks",
				"properties": object{"level": l.Level, "notes": l.Notes},
			}
		}
	}
	return s.pageBodies(c, bodies)
}
