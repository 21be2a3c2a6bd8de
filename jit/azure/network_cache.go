package azure

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// listsAge is how old what is between networks may be: routes and firewalls
	// change rarely, and many VMs are asked about at once.
	listsAge = 10 * time.Second

	foreignPatience = 2 * time.Second  // what another subscription's lists may take
	foreignPause    = 30 * time.Second // it is not asked again sooner after it failed
)

// networkCache is what was last listed of each subscription, by its id.
type networkCache struct {
	mu     sync.Mutex
	lists  map[string]cachedLists
	merged *networkLists // of all of them, once it was asked
}

// cachedLists are those of one subscription; what is in them is not changed any more.
type cachedLists struct {
	lists  *networkLists
	whole  bool // with networks, public addresses and route tables
	read   time.Time
	failed time.Time // when they could not be read last
}

func newNetworkCache() networkCache { return networkCache{lists: map[string]cachedLists{}} }

// has reports whether the lists of a subscription need not be read now. Those of
// another than the one that is asked about are done without for a while when they
// could not be read.
func (n *networkCache) has(id string, whole, foreign bool) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := n.lists[id]
	return time.Since(c.read) < listsAge && (c.whole || !whole) || foreign && time.Since(c.failed) < foreignPause
}

func (n *networkCache) keep(id string, l *networkLists, whole bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lists[id], n.merged = cachedLists{lists: l, whole: whole, read: time.Now()}, nil
}

func (n *networkCache) fail(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := n.lists[id]
	c.failed = time.Now()
	n.lists[id] = c
}

// all joins what was last listed of the subscriptions. One that was never listed is
// unread.
func (n *networkCache) all(subscriptions []string) *networkLists {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.merged != nil {
		return n.merged
	}
	out := newNetworkLists()
	for _, id := range subscriptions {
		l := n.lists[id].lists
		if l == nil {
			out.unread[id] = true
			continue
		}
		maps.Copy(out.networks, l.networks)
		maps.Copy(out.publicIPs, l.publicIPs)
		maps.Copy(out.routes, l.routes)
		maps.Copy(out.policies, l.policies)
		maps.Copy(out.unread, l.unread)
		out.firewalls = append(out.firewalls, l.firewalls...)
	}
	n.merged = out
	return out
}

// recentLists reads the firewalls and, where there are any, what tells whether
// they are before a machine of the subscription. What other subscriptions do not
// show just now is as it was last read, or unread.
func (c *Client) recentLists(ctx context.Context, subscription string) (*networkLists, error) {
	err := c.readLists(ctx, subscription, false)
	if err == nil && len(c.networks.all(c.configured).firewalls) > 0 {
		err = c.readLists(ctx, subscription, true)
	}
	if err != nil {
		return nil, err
	}
	return c.networks.all(c.configured), nil
}

// readLists reads, side by side, the lists that are too old.
func (c *Client) readLists(ctx context.Context, subscription string, whole bool) error {
	var g errgroup.Group
	for _, id := range c.configured {
		g.Go(func() error {
			if id == subscription {
				return c.readListsOf(ctx, id, whole, false)
			}
			within, cancel := context.WithTimeout(ctx, foreignPatience)
			defer cancel()
			if c.readListsOf(within, id, whole, true) != nil && ctx.Err() == nil {
				c.networks.fail(id)
			}
			return ctx.Err()
		})
	}
	return g.Wait()
}

// readListsOf reads the lists of one subscription unless somebody just did; one
// reads at a time, and the others use it.
func (c *Client) readListsOf(ctx context.Context, id string, whole, foreign bool) error {
	if c.networks.has(id, whole, foreign) {
		return nil
	}
	unlock, err := c.locks.lock(ctx, "lists "+id)
	if err != nil {
		return err
	}
	defer unlock()
	if c.networks.has(id, whole, foreign) {
		return nil
	}
	l := newNetworkLists()
	err = c.listAll(ctx, []string{id}, listing{"firewalls", c.listFirewalls(l)})
	if err == nil && whole {
		err = errors.Join(
			c.listAll(ctx, []string{id}, listing{"networks", l.listNetworks}, listing{"public addresses", l.listPublicIPs},
				listing{"route tables", l.listRoutes}),
			c.readPolicies(ctx, l),
		)
	}
	if err != nil {
		return err
	}
	c.networks.keep(id, l, whole)
	return nil
}
