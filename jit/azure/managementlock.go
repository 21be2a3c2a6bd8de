package azure

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"jitbot/jit"
	"jitbot/jit/admission"
)

// LocksOver lists the management locks at or above each of the resources, one
// request each, side by side. With ErrForbidden, which says that some of them
// may not be read, what could be read is returned too. ErrInvalid when one is
// no resource id.
// https://learn.microsoft.com/rest/api/resources/management-locks/list-by-scope
func (c *Client) LocksOver(ctx context.Context, ids []string) ([]admission.ManagementLock, error) {
	found := newLockSet()
	var mu sync.Mutex
	var forbidden error
	err := eachID(ctx, ids, func(ctx context.Context, id string) error {
		// atScope() is at or above; without it what is below is listed too, such
		// as a group of a policy, which itself need not be there yet.
		filter := "&$filter=" + escapeQuery("atScope()")
		if at := strings.Index(strings.ToLower(id), "/rulecollectiongroups/"); at >= 0 {
			id, filter = id[:at], ""
		}
		err := c.locksAt(ctx, id, filter, found)
		if errors.Is(err, jit.ErrForbidden) {
			mu.Lock()
			defer mu.Unlock()
			forbidden = err
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return found.sorted(), forbidden
}

// AllLocks lists the management locks in the configured subscriptions, one
// list each.
func (c *Client) AllLocks(ctx context.Context) ([]admission.ManagementLock, error) {
	found := newLockSet()
	err := eachID(ctx, c.configured, func(ctx context.Context, id string) error {
		return c.locksAt(ctx, "/subscriptions/"+id, "", found)
	})
	return found.sorted(), err
}

// lockSet are those found, each once: what is above two resources is listed for
// both.
type lockSet struct {
	mu   sync.Mutex
	seen map[string]bool
	all  []admission.ManagementLock
}

func newLockSet() *lockSet { return &lockSet{seen: map[string]bool{}} }

// sorted orders them from the top down, so that answers repeat.
func (l *lockSet) sorted() []admission.ManagementLock {
	slices.SortFunc(l.all, func(a, b admission.ManagementLock) int {
		return cmp.Or(len(a.Scope)-len(b.Scope), strings.Compare(a.Scope, b.Scope), strings.Compare(a.Name, b.Name))
	})
	return l.all
}

func (c *Client) locksAt(ctx context.Context, scope, filter string, into *lockSet) error {
	path, err := resourcePath(scope)
	if err != nil {
		return fmt.Errorf("reading locks: %w", err)
	}
	address := c.manager.address(path+"/providers/Microsoft.Authorization/locks") + filter
	if err := c.manager.list(ctx, address, into.add); err != nil {
		return fmt.Errorf("reading the locks of %s: %w", scope, err)
	}
	return nil
}

// add takes an element of a list.
func (l *lockSet) add(raw json.RawMessage) error {
	var body struct {
		ID         string `json:"id"`
		Name       string `json:"name"`
		Properties struct {
			Level string `json:"level"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		return fmt.Errorf("reading a lock: %w", err)
	}
	key := strings.ToLower(body.ID)
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.seen[key] {
		l.seen[key] = true
		l.all = append(l.all, admission.ManagementLock{
			Name: body.Name, Level: body.Properties.Level,
			// A lock's id is that of what it locks, and its own name behind it.
			Scope: body.ID[:max(strings.LastIndex(key, "/providers/microsoft.authorization/locks/"), 0)],
		})
	}
	return nil
}
