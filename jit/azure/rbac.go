package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"
	"golang.org/x/sync/errgroup"

	"jitbot/jit"
	"jitbot/jit/rbac"
)

// Holdings reads the role assignments and deny assignments of a user, an
// object id, at or above a scope, with the roles' definitions and, when there
// are deny assignments, the user's groups. A definition that is gone or
// forbidden makes its role Unreadable; everything else that cannot be read is
// an error. ErrInvalid when user is no GUID or scope no resource id.
// https://learn.microsoft.com/azure/role-based-access-control/overview
func (c *Client) Holdings(ctx context.Context, user, scope string) (rbac.Holdings, error) {
	h := rbac.Holdings{User: user, Scope: scope}
	path, err := scopePath(user, scope)
	if err != nil {
		return rbac.Holdings{}, fmt.Errorf("reading the rights: %w", err)
	}
	g, both := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		if h.Roles, err = c.rolesOf(both, user, path); err != nil {
			err = fmt.Errorf("reading the roles of %s: %w", user, err)
		}
		return err
	})
	g.Go(func() (err error) {
		if h.Denies, err = c.deniesAt(both, path); err != nil {
			err = fmt.Errorf("reading the deny assignments for %s: %w", user, err)
		}
		return err
	})
	if err := g.Wait(); err != nil {
		return rbac.Holdings{}, err
	}
	if len(h.Denies) > 0 {
		if h.Groups, err = c.graph.groups(ctx, user); err != nil {
			return rbac.Holdings{}, fmt.Errorf("reading the groups of %s: %w", user, err)
		}
	}
	return h, nil
}

// scopePath checks what goes into addresses and filters, which the SDK does
// not escape, and cuts the scope's first slash, which its paths bring.
func scopePath(user, scope string) (string, error) {
	if !isGUID(user) {
		return "", fmt.Errorf("%w: %q is no object id", jit.ErrInvalid, user)
	}
	return resourcePath(scope)
}

// resourcePath is the part of an address that names a resource.
func resourcePath(id string) (string, error) {
	if _, err := arm.ParseResourceID(id); err != nil || strings.ContainsAny(id, "?#%\\ ") || leavesItsPath(id) {
		return "", fmt.Errorf("%w: %q is no resource id", jit.ErrInvalid, id)
	}
	return strings.TrimLeft(id, "/"), nil
}

// rolesOf lists what is assigned to the user, also through groups: such rows
// name the group, so none is left out for its principal.
// https://learn.microsoft.com/rest/api/authorization/role-assignments/list-for-scope
func (c *Client) rolesOf(ctx context.Context, user, path string) ([]rbac.Role, error) {
	// This client sends the filter as it is, hence + for a blank.
	filter := "atScope()+and+assignedTo('" + user + "')"
	var assigned []armauthorization.RoleAssignmentProperties
	err := pages(ctx, c.roles.NewListForScopePager(path, &armauthorization.RoleAssignmentsClientListForScopeOptions{Filter: &filter}),
		func(page armauthorization.RoleAssignmentsClientListForScopeResponse) {
			for _, a := range values(page.Value) {
				if a.Properties != nil {
					assigned = append(assigned, *a.Properties)
				}
			}
		})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, a := range assigned {
		ids = append(ids, value(a.RoleDefinitionID))
	}
	read, err := c.definitions(ctx, ids)
	if err != nil {
		return nil, err
	}
	var roles []rbac.Role
	for _, a := range assigned {
		for _, r := range read[strings.ToLower(value(a.RoleDefinitionID))] {
			r.Scope, r.Conditional = value(a.Scope), r.Conditional || value(a.Condition) != ""
			roles = append(roles, r)
		}
	}
	return roles, nil
}

// definitions reads role definitions by their ids, side by side; the answer's
// keys are in lower case.
func (c *Client) definitions(ctx context.Context, ids []string) (map[string][]rbac.Role, error) {
	var mu sync.Mutex
	read := map[string][]rbac.Role{}
	err := eachID(ctx, ids, func(ctx context.Context, id string) error {
		roles, err := c.definition(ctx, id)
		if err != nil {
			return fmt.Errorf("reading role definition %s: %w", id, err)
		}
		mu.Lock()
		defer mu.Unlock()
		read[strings.ToLower(id)] = roles
		return nil
	})
	return read, err
}

// definition reads one. It gives one Role for each of its permissions, because
// what is taken away is taken from the same permission only.
// https://learn.microsoft.com/rest/api/authorization/role-definitions/get-by-id
func (c *Client) definition(ctx context.Context, id string) ([]rbac.Role, error) {
	if strings.ContainsAny(id, "?#%\\ ") || leavesItsPath(id) || id == "" {
		return []rbac.Role{{Name: id, Unreadable: true}}, nil
	}
	key := strings.ToLower(id)
	if roles, ok := c.builtIns.get(key); ok {
		return roles, nil
	}
	var answer *http.Response
	resp, err := c.defs.GetByID(policy.WithCaptureResponse(ctx, &answer), strings.TrimLeft(id, "/"), nil)
	if err = translate(err); errors.Is(err, jit.ErrNotFound) || errors.Is(err, jit.ErrForbidden) {
		return []rbac.Role{{Name: id, Unreadable: true}}, nil
	}
	if err != nil {
		return nil, err
	}
	conditional, err := conditionalPermissions(answer)
	if err != nil {
		return nil, err
	}
	p := value(resp.Properties)
	var roles []rbac.Role
	for i, permission := range values(p.Permissions) {
		roles = append(roles, rbac.Role{
			Name: value(p.RoleName), Actions: values(permission.Actions), NotActions: values(permission.NotActions),
			Conditional: i >= len(conditional) || conditional[i],
		})
	}
	if strings.EqualFold(value(p.RoleType), "BuiltInRole") {
		c.builtIns.put(key, roles)
	}
	return roles, nil
}

// conditionalPermissions reads which permissions of a role definition hold under a
// condition of their own; the vendor's type has no field for it.
// https://learn.microsoft.com/azure/role-based-access-control/conditions-overview
func conditionalPermissions(answer *http.Response) ([]bool, error) {
	body, err := runtime.Payload(answer)
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	var document struct {
		Properties struct {
			Permissions []struct {
				Condition any `json:"condition"`
			} `json:"permissions"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(body, &document); err != nil {
		return nil, fmt.Errorf("reading the conditions: %w", err)
	}
	var out []bool
	for _, p := range document.Properties.Permissions {
		out = append(out, p.Condition != nil && p.Condition != "")
	}
	return out, nil
}

// deniesAt lists the deny assignments at or above the scope, whomever they
// concern: the domain decides that. A condition is not weighed: what may be
// denied is. One Deny stands for each permission.
// https://learn.microsoft.com/rest/api/authorization/deny-assignments/list-for-scope
func (c *Client) deniesAt(ctx context.Context, path string) ([]rbac.Deny, error) {
	found, err := c.denyAssignments(ctx, path, "atScope()")
	var denies []rbac.Deny
	for _, d := range found {
		denies = append(denies, fromDeny(value(d.Properties))...)
	}
	return denies, err
}

func (c *Client) denyAssignments(ctx context.Context, path, filter string) ([]armauthorization.DenyAssignment, error) {
	var found []armauthorization.DenyAssignment
	err := pages(ctx, c.denies.NewListForScopePager(path, &armauthorization.DenyAssignmentsClientListForScopeOptions{Filter: &filter}),
		func(page armauthorization.DenyAssignmentsClientListForScopeResponse) {
			found = append(found, values(page.Value)...)
		})
	return found, err
}

func fromDeny(p armauthorization.DenyAssignmentProperties) []rbac.Deny {
	base := rbac.Deny{
		Name: value(p.DenyAssignmentName), Scope: value(p.Scope), NotChildren: value(p.DoNotApplyToChildScopes),
	}
	base.Principals, base.Everyone = principals(p.Principals)
	base.Excluded, _ = principals(p.ExcludePrincipals)
	var denies []rbac.Deny
	for _, permission := range values(p.Permissions) {
		d := base
		d.Actions, d.NotActions = values(permission.Actions), values(permission.NotActions)
		denies = append(denies, d)
	}
	return denies
}

// everyone is the object id that means all principals.
const everyone = "00000000-0000-0000-0000-000000000000"

func principals(list []*armauthorization.Principal) (ids []string, all bool) {
	for _, p := range values(list) {
		id := value(p.ID)
		ids = append(ids, id)
		all = all || id == everyone
	}
	return ids, all
}

// builtInLife is how long a built-in definition is believed; Azure itself
// takes up to ten minutes to apply a change of roles. Custom ones are read
// each time.
const builtInLife = 10 * time.Minute

// definitionCache keeps the built-in roles that were read. The zero value is
// ready.
type definitionCache struct {
	mu   sync.Mutex
	read map[string]definition
}

type definition struct {
	roles []rbac.Role
	until time.Time
}

func (d *definitionCache) get(key string) ([]rbac.Role, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found, ok := d.read[key]
	return found.roles, ok && time.Now().Before(found.until)
}

func (d *definitionCache) put(key string, roles []rbac.Role) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.read == nil {
		d.read = map[string]definition{}
	}
	d.read[key] = definition{roles, time.Now().Add(builtInLife)}
}
