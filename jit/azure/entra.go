package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"jitbot/jit"
	"jitbot/jit/admission"
)

// graph is Microsoft Graph, as little of it as is needed.
type graph struct{ rest }

func newGraph(e Endpoint, cred azcore.TokenCredential, options azcore.ClientOptions) graph {
	auth := runtime.NewBearerTokenPolicy(cred, []string{e.Audience + "/.default"}, nil)
	return graph{rest{
		endpoint: strings.TrimRight(e.Endpoint, "/"), next: "@odata.nextLink",
		pipeline: runtime.NewPipeline("graph", "v1.0", runtime.PipelineOptions{
			PerCall: []policy.Policy{runtime.NewRequestIDPolicy()}, PerRetry: []policy.Policy{auth},
		}, &options),
	}}
}

// graphUser is a user as $select=id,userPrincipalName,accountEnabled gives it.
type graphUser struct {
	ID      string `json:"id"`
	Name    string `json:"userPrincipalName"`
	Enabled *bool  `json:"accountEnabled"`
}

// check refuses an answer in which something is missing: Graph leaves out, or
// gives as null, what it may not show or could not fetch.
func (u graphUser) check() error {
	if !isGUID(u.ID) || u.Name == "" || u.Enabled == nil {
		return fmt.Errorf("the answer about the user %q is not whole", u.ID)
	}
	return nil
}

func (u graphUser) account() admission.Account {
	return admission.Account{ID: u.ID, Name: u.Name, Enabled: *u.Enabled}
}

const userFields = "$select=id,userPrincipalName,accountEnabled"

// User finds the one Entra user that name means: an object id, a user
// principal name or, with mail, an e-mail address. With mail both meanings of
// the address are looked up, and several users are one only when exactly one
// of them is enabled. ErrNotFound when there is none, ErrAmbiguous when there
// are several.
// https://learn.microsoft.com/graph/api/user-get
func (c *Client) User(ctx context.Context, name string, mail bool) (admission.Account, error) {
	account, err := c.user(ctx, name, mail)
	if err != nil {
		return admission.Account{}, fmt.Errorf("looking up Entra user %q: %w", name, err)
	}
	return account, nil
}

func (c *Client) user(ctx context.Context, name string, mail bool) (admission.Account, error) {
	if !isGUID(name) && !strings.Contains(name, "@") {
		return admission.Account{}, fmt.Errorf("%w: neither an object id nor a user principal name", jit.ErrNotFound)
	}
	found, err := c.graph.named(ctx, name)
	if err != nil {
		return admission.Account{}, err
	}
	if mail && !isGUID(name) {
		mailed, err := c.graph.mailed(ctx, name)
		if err != nil {
			return admission.Account{}, err
		}
		found = append(found, mailed...)
	}
	return single(found)
}

// named reads a user by object id or user principal name.
func (g graph) named(ctx context.Context, name string) ([]graphUser, error) {
	var u graphUser
	err := g.get(ctx, g.endpoint+"/v1.0/users/"+url.PathEscape(name)+"?"+userFields, &u)
	switch {
	case errors.Is(err, jit.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case isGUID(name) && !strings.EqualFold(u.ID, name):
		return nil, fmt.Errorf("the answer is about user %q", u.ID)
	}
	return []graphUser{u}, u.check()
}

// mailed lists the users with an e-mail address.
func (g graph) mailed(ctx context.Context, mail string) ([]graphUser, error) {
	filter := "mail eq '" + strings.ReplaceAll(mail, "'", "''") + "'"
	var found []graphUser
	err := g.list(ctx, g.endpoint+"/v1.0/users?"+userFields+"&$filter="+escapeQuery(filter), func(raw json.RawMessage) error {
		var u graphUser
		if err := json.Unmarshal(raw, &u); err != nil {
			return fmt.Errorf("reading a user: %w", err)
		}
		found = append(found, u)
		return u.check()
	})
	return found, err
}

// single makes sure that the users found are one.
func single(found []graphUser) (admission.Account, error) {
	slices.SortFunc(found, func(a, b graphUser) int { return strings.Compare(strings.ToLower(a.ID), strings.ToLower(b.ID)) })
	found = slices.CompactFunc(found, func(a, b graphUser) bool { return strings.EqualFold(a.ID, b.ID) })
	if len(found) > 1 {
		enabled := slices.DeleteFunc(slices.Clone(found), func(u graphUser) bool { return !*u.Enabled })
		if len(enabled) != 1 {
			return admission.Account{}, fmt.Errorf("%w: %d users", admission.ErrAmbiguous, len(found))
		}
		found = enabled
	}
	if len(found) == 0 {
		return admission.Account{}, jit.ErrNotFound
	}
	return found[0].account(), nil
}

// groups lists the object ids of the groups that the user is in, directly or
// through other groups. It asks for all that the user belongs to and keeps the
// groups: to have the groups alone is an advanced query, which Graph answers
// from an index that follows the directory later.
// https://learn.microsoft.com/graph/api/user-list-transitivememberof
func (g graph) groups(ctx context.Context, user string) ([]string, error) {
	var ids []string
	address := g.endpoint + "/v1.0/users/" + user + "/transitiveMemberOf?$select=id&$top=999"
	err := g.list(ctx, address, func(raw json.RawMessage) error {
		var member struct {
			ID   string `json:"id"`
			Kind string `json:"@odata.type"`
		}
		if err := json.Unmarshal(raw, &member); err != nil {
			return fmt.Errorf("reading a group: %w", err)
		}
		switch {
		case !isGUID(member.ID):
			return fmt.Errorf("the answer has something of kind %q without an object id", member.Kind)
		case member.Kind == "#microsoft.graph.group":
			ids = append(ids, member.ID)
		case member.Kind != "#microsoft.graph.directoryRole" && member.Kind != "#microsoft.graph.administrativeUnit":
			return fmt.Errorf("the answer has %s of the kind %q, which is not known", member.ID, member.Kind)
		}
		return nil
	})
	return ids, err
}

// escapeQuery escapes with %20 for a blank, which every server understands.
func escapeQuery(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
