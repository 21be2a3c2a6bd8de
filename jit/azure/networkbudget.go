package azure

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/rules"
)

// Microsoft.Network takes 1,000 writes and removals in five minutes in a subscription
// and region, and no answer tells how many are left. Allows are written up to 700 of
// ours, so that removals have theirs; a grant begins below 600, so that what has begun
// is not held up before it is open.
// https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling#network-throttling
const (
	networkWindow = 5 * time.Minute
	mostBefore    = 700 // writes in the window before which an allow is written
	mostToBegin   = 600 // and before which a grant begins
)

// networkBudget counts what was sent to Microsoft.Network to change something. It
// knows of nobody else's writes, nor of those before a start.
type networkBudget struct {
	mu      sync.Mutex
	sent    map[string][]sentWrite // by subscription, oldest first
	regions map[string]string      // of guards, by the key of what they are in
}

// sentWrite is one write or removal; region is empty when it was not known.
type sentWrite struct {
	at     time.Time
	region string
}

func newNetworkBudget() *networkBudget {
	return &networkBudget{sent: map[string][]sentWrite{}, regions: map[string]string{}}
}

// locate notes the region of a resource.
func (b *networkBudget) locate(id, location string) {
	if location == "" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.regions[topLevel(id)] = strings.ToLower(strings.ReplaceAll(location, " ", ""))
}

// regionOf is the region of a resource, or of what it is in; empty when it is not
// known.
func (b *networkBudget) regionOf(id string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.regions[topLevel(id)]
}

// topLevel is the key of the resource that an id, or that of a child, is in.
func topLevel(id string) string {
	parts := strings.Split(strings.ToLower(strings.Trim(id, "/")), "/")
	return strings.Join(parts[:min(len(parts), 8)], "/")
}

// ofNetwork reports whether an id is of something of Microsoft.Network.
func ofNetwork(id string) bool { return strings.HasPrefix(resourceType(id), "microsoft.network/") }

// record counts a request that is sent.
func (b *networkBudget) record(r *http.Request, now time.Time) {
	if r.Method != http.MethodPut && r.Method != http.MethodDelete || !ofNetwork(r.URL.Path) {
		return
	}
	region, owner := b.regionOf(r.URL.Path), bucketOf(r).owner
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent[owner] = append(b.recent(owner, now), sentWrite{now, region})
}

// recent drops what has left the window. The caller holds the lock.
func (b *networkBudget) recent(owner string, now time.Time) []sentWrite {
	kept := slices.DeleteFunc(b.sent[owner], func(w sentWrite) bool { return now.Sub(w.at) >= networkWindow })
	b.sent[owner] = kept
	return kept
}

// wait is how long until fewer than that many of the window count where the guard is;
// what is of an unknown region counts everywhere. For what is no guard it is 0.
func (b *networkBudget) wait(guard string, most int, now time.Time) time.Duration {
	if !ofNetwork(guard) {
		return 0
	}
	owner, region := ownerOf(guard), b.regionOf(guard)
	b.mu.Lock()
	defer b.mu.Unlock()
	var there []sentWrite
	for _, w := range b.recent(owner, now) {
		if region == "" || w.region == "" || w.region == region {
			there = append(there, w)
		}
	}
	if len(there) < most {
		return 0
	}
	return networkWindow - now.Sub(there[len(there)-most].at)
}

// ownerOf is the subscription of a resource, in lower case.
func ownerOf(id string) string {
	rest, _ := strings.CutPrefix(strings.ToLower(strings.Trim(id, "/")), "subscriptions/")
	owner, _, _ := strings.Cut(rest, "/")
	return owner
}

// holdOpenings is an admission.ErrKept when nothing but allows would be written and
// what is left is kept for removals. Removals and denies wait for nobody.
func (c *Client) holdOpenings(guard string, changes []rules.Change) error {
	if len(changes) == 0 || slices.ContainsFunc(changes, func(change rules.Change) bool { return change.Put == nil || !change.Put.Allow }) {
		return nil
	}
	wait := c.network.wait(guard, mostBefore, time.Now())
	if wait == 0 {
		return nil
	}
	return &jit.BusyError{Wait: wait, Cause: fmt.Errorf("%w: %d changes in five minutes were made there", admission.ErrKept, mostBefore)}
}
