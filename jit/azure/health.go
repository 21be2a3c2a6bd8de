package azure

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/text"
)

const (
	silentAfter  = 15 * time.Second // a list that takes so long is not answered
	disabledTrue = 10 * time.Minute // what a refused write says of a subscription is believed for so long
)

// health is how each subscription answers, by its id.
type health struct {
	mu         sync.Mutex
	lists      map[listKey]listState
	disabled   map[string]time.Time // when a write was last refused for that
	unreadable map[string]error     // why firewalls or policies are not shown
}

// listKey is one kind of list of a subscription.
type listKey struct{ subscription, what string }

// listState is how a list went.
type listState struct {
	began time.Time // zero when it is not under way
	fault error     // of the last one that ended
}

func newHealth() health {
	return health{lists: map[listKey]listState{}, disabled: map[string]time.Time{}, unreadable: map[string]error{}}
}

// begin notes that a list begins, and gives what notes how it ended.
func (h *health) begin(subscription, what string) func(*error) {
	key := listKey{subscription, what}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lists[key] = listState{began: time.Now(), fault: h.lists[key].fault}
	return func(err *error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.lists[key] = listState{fault: *err}
	}
}

// refuseWrites notes that a write was refused because the subscription is disabled.
func (h *health) refuseWrites(subscription string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.disabled[subscription] = time.Now()
}

// hide notes what is not shown, and reports whether it is new.
func (h *health) hide(subscription string, err error) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	known := h.unreadable[subscription]
	h.unreadable[subscription] = err
	return known == nil
}

func (h *health) hidden() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var faults []error
	for _, id := range slices.Sorted(maps.Keys(h.unreadable)) {
		faults = append(faults, fmt.Errorf("listing the firewalls of subscription %s: %w", id, translate(h.unreadable[id])))
	}
	return errors.Join(faults...)
}

// Fault says in a few words why Azure cannot be worked with in a subscription just
// now, by what was last heard of it; empty when nothing is known to be wrong.
func (c *Client) Fault(subscription string) string {
	id := strings.ToLower(subscription)
	if wait := c.throttle.remaining(bucketKey{owner: id, kind: reads}); wait > 0 {
		return "Azure takes no requests there for another " + text.Duration(max(wait.Round(time.Second), time.Second))
	}
	h := &c.health
	h.mu.Lock()
	defer h.mu.Unlock()
	if at, refused := h.disabled[id]; refused && time.Since(at) < disabledTrue {
		return "it is disabled, so nothing can be changed there"
	}
	for key, l := range h.lists {
		switch {
		case key.subscription != id:
		case !l.began.IsZero() && time.Since(l.began) > silentAfter:
			return "Azure does not answer there"
		case errors.Is(l.fault, admission.ErrVersion):
			return "Azure does not serve there the version of its API that jitbot speaks"
		case errors.Is(l.fault, jit.ErrForbidden):
			return "Azure does not let jitbot read there"
		case errors.Is(l.fault, jit.ErrBusy):
			return "Azure is busy there"
		case l.fault != nil:
			return "Azure does not answer there as it should"
		}
	}
	return ""
}
