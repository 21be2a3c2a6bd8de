package azure

import (
	"context"
	"encoding/json"
	"fmt"

	"jitbot/jit"
)

// Permissions lists what the identity that signs in may do in a configured
// subscription, by roles at or above it: one Role for each permission, since
// what is taken away is taken from the same permission only. It needs no
// right. Deny assignments are not part of it. ErrInvalid when the subscription
// is no GUID. The path without a resource group is in no specification yet:
// https://github.com/Azure/azure-rest-api-specs/issues/19473.
func (c *Client) Permissions(ctx context.Context, subscription string) ([]jit.Role, error) {
	if !isGUID(subscription) {
		return nil, fmt.Errorf("reading the own permissions: %w: %q is no subscription", jit.ErrInvalid, subscription)
	}
	scope := "/subscriptions/" + subscription
	var roles []jit.Role
	err := c.manager.list(ctx, c.manager.endpoint+scope+"/providers/Microsoft.Authorization/permissions?api-version=2022-04-01", func(raw json.RawMessage) error {
		var body struct {
			Actions    []string `json:"actions"`
			NotActions []string `json:"notActions"`
			Condition  string   `json:"condition"`
		}
		if err := json.Unmarshal(raw, &body); err != nil {
			return fmt.Errorf("reading a permission: %w", err)
		}
		roles = append(roles, jit.Role{Scope: scope, Actions: body.Actions, NotActions: body.NotActions, Conditional: body.Condition != ""})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the own permissions in subscription %s: %w", subscription, err)
	}
	return roles, nil
}
