package azure

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"

	"jitbot/jit"
	"jitbot/jit/rbac"
)

// OwnHoldings reads what the identity that signs in holds at a resource: what its
// roles permit there, and the deny assignments that concern it, directly, as
// everybody, or through a group. Where Azure does not say who it is, a deny
// assignment that is not for users alone counts as concerning it. An answer is
// believed for a minute: Azure itself takes up to ten for a change of roles.
// ErrInvalid when it is no resource id.
// https://learn.microsoft.com/rest/api/authorization/permissions/list-for-resource
func (c *Client) OwnHoldings(ctx context.Context, scope string) (rbac.Holdings, error) {
	if h, known := c.own.get(scope); known {
		return h, nil
	}
	path, err := resourcePath(scope)
	if err != nil {
		return rbac.Holdings{}, fmt.Errorf("reading the own rights: %w", err)
	}
	h := rbac.Holdings{User: c.ownID(ctx), Scope: scope}
	if h.Roles, err = c.permissionsAt(ctx, "/"+path); err != nil {
		return rbac.Holdings{}, err
	}
	if h.Denies, err = c.deniesOf(ctx, h.User, path); err != nil {
		return rbac.Holdings{}, fmt.Errorf("reading the deny assignments over %s: %w", scope, err)
	}
	c.own.put(scope, h)
	return h, nil
}

// Permissions lists what the identity that signs in may do in a configured
// subscription, by roles at or above it: one Role for each permission, since
// what is taken away is taken from the same permission only. It needs no
// right. Deny assignments are not part of it. ErrInvalid when the subscription
// is no GUID. The path without a resource group is in no specification yet:
// https://github.com/Azure/azure-rest-api-specs/issues/19473.
func (c *Client) Permissions(ctx context.Context, subscription string) ([]rbac.Role, error) {
	if !isGUID(subscription) {
		return nil, fmt.Errorf("reading the own permissions: %w: %q is no subscription", jit.ErrInvalid, subscription)
	}
	return c.permissionsAt(ctx, "/subscriptions/"+subscription)
}

func (c *Client) permissionsAt(ctx context.Context, scope string) ([]rbac.Role, error) {
	var roles []rbac.Role
	address := c.manager.address(scope + "/providers/Microsoft.Authorization/permissions")
	err := c.manager.list(ctx, address, func(raw json.RawMessage) error {
		var body struct {
			Actions    []string `json:"actions"`
			NotActions []string `json:"notActions"`
			Condition  string   `json:"condition"`
		}
		if err := json.Unmarshal(raw, &body); err != nil {
			return fmt.Errorf("reading a permission: %w", err)
		}
		roles = append(roles, rbac.Role{Scope: scope, Actions: body.Actions, NotActions: body.NotActions, Conditional: body.Condition != ""})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the own permissions at %s: %w", scope, err)
	}
	return roles, nil
}

// ownID is the object id of the identity that signs in, as its token says; empty
// when the token does not say.
// https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
func (c *Client) ownID(ctx context.Context) string {
	token, err := c.cred.GetToken(ctx, policy.TokenRequestOptions{
		Scopes: []string{c.options.Cloud.Services[cloud.ResourceManager].Audience + "/.default"},
	})
	if err != nil {
		return "" // the requests that follow say why
	}
	parts := strings.Split(token.Token, ".")
	if len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		ObjectID string `json:"oid"`
	}
	if err != nil || json.Unmarshal(payload, &claims) != nil || !isGUID(claims.ObjectID) {
		return ""
	}
	return claims.ObjectID
}

// deniesOf are the deny assignments at or above a scope, those that concern a service
// principal by a group marked as concerning everybody.
// https://learn.microsoft.com/rest/api/authorization/deny-assignments/list-for-scope
func (c *Client) deniesOf(ctx context.Context, self, path string) ([]rbac.Deny, error) {
	all, err := c.denyAssignments(ctx, path, "atScope()")
	if err != nil {
		return nil, err
	}
	var throughGroups map[string]bool // ids in lower case, read once they matter
	var denies []rbac.Deny
	for _, d := range all {
		p := value(d.Properties)
		group, other := principalKinds(p.Principals)
		concerns := self == "" && (group || other)
		if group && !concerns && throughGroups == nil {
			if throughGroups, err = c.assignedDenies(ctx, self, path); err != nil {
				return nil, err
			}
		}
		for _, deny := range fromDeny(p) {
			deny.Everyone = deny.Everyone || concerns || group && throughGroups[strings.ToLower(value(d.ID))]
			denies = append(denies, deny)
		}
	}
	return denies, nil
}

// principalKinds reports whether groups are among the principals, and others that are
// no users.
func principalKinds(list []*armauthorization.Principal) (group, other bool) {
	for _, p := range values(list) {
		switch strings.ToLower(value(p.Type)) {
		case "user":
		case "group":
			group = true
		default:
			other = true
		}
	}
	return group, other
}

// assignedDenies are the ids of the deny assignments that concern a principal, also
// through groups.
func (c *Client) assignedDenies(ctx context.Context, self, path string) (map[string]bool, error) {
	found, err := c.denyAssignments(ctx, path, "assignedTo('"+self+"')")
	ids := map[string]bool{}
	for _, d := range found {
		ids[strings.ToLower(value(d.ID))] = true
	}
	return ids, err
}

// ownHoldings are those read a moment ago, by resource. The zero value is ready.
type ownHoldings struct {
	mu   sync.Mutex
	read map[string]ownHolding
}

type ownHolding struct {
	rbac.Holdings
	until time.Time
}

const (
	ownLife = time.Minute
	mostOwn = 10000
)

func (o *ownHoldings) get(scope string) (rbac.Holdings, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	found, ok := o.read[strings.ToLower(scope)]
	return found.Holdings, ok && time.Now().Before(found.until)
}

func (o *ownHoldings) put(scope string, h rbac.Holdings) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.read == nil || len(o.read) >= mostOwn {
		o.read = map[string]ownHolding{}
	}
	o.read[strings.ToLower(scope)] = ownHolding{h, time.Now().Add(ownLife)}
}
