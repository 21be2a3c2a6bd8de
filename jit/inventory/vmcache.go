package inventory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/resource"
)

const (
	// VMsMaxAge is how old the list of VMs may be: new VMs and changed tags are noticed within this.
	VMsMaxAge = time.Minute

	unknownRetry = 10 * time.Second // an unknown name reads again when the list is older

	listPatience  = 10 * time.Second // what a list may take that somebody waits for
	stalePatience = 2 * time.Second  // … when there is an older one
)

// Lister lists the virtual machines of the subscriptions.
type Lister interface {
	// Subscriptions are those that are looked at, by GUID in lower case.
	Subscriptions() []string
	// VMs lists those of one subscription.
	VMs(ctx context.Context, subscription string) ([]jit.VM, error)
}

// ErrUnwatched is an ErrNotFound of a VM that may well be there: its subscription
// is not one of those in the configuration.
var ErrUnwatched = fmt.Errorf("in a subscription that is not configured: %w", jit.ErrNotFound)

// VMCache is the list of VMs of each subscription, read again when it is old. It
// serves names and lists; whatever opens access reads its VM afresh. A
// subscription that cannot be listed hides no other. Safe for concurrent use.
type VMCache struct {
	azure Lister
	lists map[string]*vmList // by subscription, in lower case
}

// vmList is the list of one subscription.
type vmList struct {
	reading chan struct{} // one reads at a time, the others wait for what it finds

	mu     sync.Mutex // guards what follows, held for moments only
	vms    []jit.VM
	read   time.Time
	missed time.Time // when somebody waited in vain for it
}

// NewVMCache makes a cache that is empty, so that the first who asks reads. With nil
// there is no subscription, and no VM.
func NewVMCache(azure Lister) *VMCache {
	c := &VMCache{azure: azure, lists: map[string]*vmList{}}
	if azure != nil {
		for _, id := range azure.Subscriptions() {
			c.lists[id] = &vmList{reading: make(chan struct{}, 1)}
		}
	}
	return c
}

// cached gives the list when it is young enough; an age of 0 takes none.
func (l *vmList) cached(age time.Duration) ([]jit.VM, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.vms, !l.read.IsZero() && time.Since(l.read) < age
}

// patience is how long somebody waits for the list: less when there is an older one,
// or when somebody waited in vain a moment ago.
func (l *vmList) patience() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.read.IsZero() || !l.missed.IsZero() && time.Since(l.missed) < VMsMaxAge {
		return stalePatience
	}
	return listPatience
}

func (l *vmList) miss() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.missed = time.Now()
}

// known gives the list as it was read last, however old.
func (l *vmList) known() ([]jit.VM, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.vms, !l.read.IsZero()
}

// List reads the VMs of one subscription, unless somebody else just did; with no
// age it reads them in any case.
func (c *VMCache) List(ctx context.Context, subscription string, age time.Duration) ([]jit.VM, error) {
	l := c.lists[subscription]
	if l == nil {
		return nil, fmt.Errorf("listing the virtual machines of subscription %s: %w", subscription, ErrUnwatched)
	}
	if vms, ok := l.cached(age); ok {
		return vms, nil
	}
	select {
	case l.reading <- struct{}{}:
		defer func() { <-l.reading }()
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for the list of virtual machines: %w", ctx.Err())
	}
	if vms, ok := l.cached(age); ok {
		return vms, nil
	}
	vms, err := c.azure.VMs(ctx, subscription)
	if err != nil {
		return nil, fmt.Errorf("listing the virtual machines of subscription %s: %w", subscription, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.vms, l.read = vms, time.Now()
	return vms, nil
}

// All lists the VMs of all subscriptions, at most age old. With an error, what
// could be listed within ten seconds is returned too.
func (c *VMCache) All(ctx context.Context, age time.Duration) ([]jit.VM, error) {
	return c.each(func(id string, _ *vmList) ([]jit.VM, error) {
		within, cancel := context.WithTimeout(ctx, listPatience)
		defer cancel()
		return c.List(within, id, age)
	})
}

// ListOrStale lists the VMs of all subscriptions, at most age old; while Azure does
// not answer for one, an older list still names its VMs, and where there is none
// they are left out. It is an error when nothing at all is known.
func (c *VMCache) ListOrStale(ctx context.Context, age time.Duration) ([]jit.VM, error) {
	known := false
	var mu sync.Mutex
	vms, err := c.each(func(id string, l *vmList) ([]jit.VM, error) {
		old, there := l.known()
		within, cancel := context.WithTimeout(ctx, l.patience())
		defer cancel()
		vms, err := c.List(within, id, age)
		if err != nil && within.Err() != nil {
			l.miss()
		}
		if err != nil && there && ctx.Err() == nil {
			vms, err = old, nil // rights and rules are read afresh where access is opened
		}
		mu.Lock()
		defer mu.Unlock()
		known = known || err == nil
		return vms, err
	})
	if known && ctx.Err() == nil {
		return vms, nil
	}
	return nil, err
}

// each reads the list of every subscription, side by side, and joins them.
func (c *VMCache) each(read func(id string, l *vmList) ([]jit.VM, error)) ([]jit.VM, error) {
	ids := c.Subscriptions()
	vms, faults := make([][]jit.VM, len(ids)), make([]error, len(ids))
	var wg sync.WaitGroup
	for i, id := range ids {
		wg.Go(func() { vms[i], faults[i] = read(id, c.lists[id]) })
	}
	wg.Wait()
	return slices.Concat(vms...), errors.Join(faults...)
}

// Subscriptions are those whose VMs are listed, in order.
func (c *VMCache) Subscriptions() []string { return slices.Sorted(maps.Keys(c.lists)) }

// Lists reports whether the VMs of the subscription that a resource is in were
// ever listed: what is not among them then does not exist.
func (c *VMCache) Lists(id string) bool {
	l := c.lists[resource.Subscription(id)]
	if l == nil {
		return true // it is not looked at
	}
	_, known := l.known()
	return known
}

// unlisted are the subscriptions of which no VM is known yet.
func (c *VMCache) unlisted() []string {
	var out []string
	for id, l := range c.lists {
		if _, known := l.known(); !known {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}
