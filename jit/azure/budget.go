package azure

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"

	"jitbot/jit/clock"
)

// bucketSize is one of Azure's buckets of a subscription: how many requests fit and
// how many come back each second.
type bucketSize struct{ fits, refill int }

// bucketSizes are those of changes. The global ones are of everybody who signs in,
// the others of each of them.
// https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
func bucketSizes() map[requestKind]bucketSize {
	own, global := bucketSize{200, 10}, bucketSize{3000, 150}
	return map[requestKind]bucketSize{writes: own, deletes: own, globalWrites: global, globalDeletes: global}
}

// writeBudget keeps what the answers tell in passing: how many writes and deletes
// each subscription has left.
type writeBudget struct {
	mu      sync.Mutex
	sizes   map[requestKind]bucketSize
	buckets map[bucketKey]bucket // of writes and deletes of subscriptions
}

// bucket is what was left at an instant.
type bucket struct {
	left int
	at   time.Time
}

func newWriteBudget() *writeBudget {
	return &writeBudget{sizes: bucketSizes(), buckets: map[bucketKey]bucket{}}
}

// record takes the headers of an answer of Resource Manager.
func (b *writeBudget) record(key bucketKey, h http.Header, received time.Time) {
	if !isGUID(key.owner) {
		return // a host: Graph, or above the subscriptions
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for kind, size := range b.sizes {
		if n, ok := parseCount(h.Get("x-ms-ratelimit-remaining-subscription-" + string(kind))); ok {
			b.buckets[bucketKey{owner: key.owner, kind: kind}] = bucket{int(min(n, uint64(size.fits))), received}
		}
	}
}

// exhaust empties the bucket that a throttled request drew from.
func (b *writeBudget) exhaust(key bucketKey) {
	if key.kind == reads {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.buckets[key] = bucket{0, time.Now()}
}

// hasSpare reports whether more than half is left by now.
func (b *writeBudget) hasSpare(subscription string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for kind, size := range b.sizes {
		left, ok := b.buckets[bucketKey{owner: subscription, kind: kind}]
		if ok && float64(left.left)+float64(size.refill)*time.Since(left.at).Seconds() <= float64(size.fits)/2 {
			return false
		}
	}
	return true
}

// Skew is how far Azure's clock is ahead of ours, from the Date headers of all that
// answers, whatever it was asked about.
func (c *Client) Skew() clock.Skew { return c.dates.Skew() }

// Spare reports whether more than half of the writes and of the deletes that
// Azure grants the guard's subscription are left, from the last answer's
// headers and the documented refill, neither they nor the reads are
// throttled now, and what Microsoft.Network takes in the guard's region in five
// minutes, of which no answer tells, is not nearly spent by our own changes. A guard
// whose id cannot be read has none.
func (c *Client) Spare(guard string) bool {
	id, err := arm.ParseResourceID(guard)
	if err != nil {
		return false
	}
	owner := strings.ToLower(id.SubscriptionID)
	for _, kind := range []requestKind{reads, writes, deletes} {
		if c.throttle.remaining(bucketKey{owner: owner, kind: kind, region: c.network.regionOf(guard)}) > 0 {
			return false
		}
	}
	return c.budget.hasSpare(owner) && c.network.wait(guard, mostToBegin, time.Now()) == 0
}
