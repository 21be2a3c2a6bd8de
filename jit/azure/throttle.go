package azure

import (
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"jitbot/jit"
)

// requestKind is what Azure counts apart: each kind has a bucket of its own.
type requestKind string

const (
	reads   requestKind = "reads"
	writes  requestKind = "writes"
	deletes requestKind = "deletes"

	globalWrites  requestKind = "global-writes"
	globalDeletes requestKind = "global-deletes"
)

// bucketKey is what Azure throttles by: a subscription, or a host where there is
// none, and the kind of traffic.
type bucketKey struct {
	owner  string // lower case
	kind   requestKind
	region string // of Microsoft.Network's own buckets, else empty
}

// bucketOf finds the bucket of a request. Removals have one of their own, so
// that throttled writes keep no port open. Microsoft.Network throttles writes and
// removals together: see networkBudget.
func bucketOf(r *http.Request) bucketKey {
	key := bucketKey{owner: r.URL.Host, kind: writes}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		key.kind = reads
	case http.MethodDelete:
		key.kind = deletes
	}
	if rest, ok := strings.CutPrefix(strings.ToLower(strings.TrimLeft(r.URL.Path, "/")), "subscriptions/"); ok {
		key.owner, _, _ = strings.Cut(rest, "/")
	}
	return key
}

// throttle remembers until when Azure wants to hear nothing. Asking earlier would
// lengthen the wait.
// https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
type throttle struct {
	mu    sync.Mutex
	until map[bucketKey]time.Time
}

func newThrottle() *throttle { return &throttle{until: map[bucketKey]time.Time{}} }

// block keeps requests of the bucket back for that long from now on.
func (t *throttle) block(key bucketKey, wait time.Duration) {
	if wait <= 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if until := time.Now().Add(wait); until.After(t.until[key]) {
		t.until[key] = until
	}
}

// remaining is how long requests of the bucket are still kept back, or those of the
// whole subscription.
func (t *throttle) remaining(key bucketKey) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	here := t.left(key)
	if key.region == "" {
		return here
	}
	key.region = ""
	return max(here, t.left(key))
}

// left is how long those of one bucket are kept back. The caller holds the lock.
func (t *throttle) left(key bucketKey) time.Duration {
	until, ok := t.until[key]
	if !ok {
		return 0
	}
	left := time.Until(until)
	if left <= 0 {
		delete(t.until, key)
		return 0
	}
	return left
}

// check is a *jit.BusyError while requests of the bucket are kept back.
func (t *throttle) check(key bucketKey) error {
	left := t.remaining(key)
	if left == 0 {
		return nil
	}
	return &jit.BusyError{Wait: left, Cause: fmt.Errorf("%s of %s are throttled, nothing was sent", key.kind, key.owner)}
}

// longestWait keeps a nonsensical Retry-After from overflowing.
const longestWait = 365 * 24 * time.Hour

// retryAfter is how long an answer asks to wait, 0 when it does not say. A
// date counts from the answer's own Date, so that a clock that is wrong here
// shortens nothing.
func retryAfter(h http.Header) time.Duration {
	for _, name := range []string{"retry-after-ms", "x-ms-retry-after-ms"} {
		if n, ok := parseCount(h.Get(name)); ok && n > 0 {
			return atMost(n, time.Millisecond)
		}
	}
	text := h.Get("Retry-After")
	if n, ok := parseCount(text); ok {
		return atMost(n, time.Second)
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	from, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		from = time.Now()
	}
	return min(max(until.Sub(from), 0), longestWait)
}

// waitInWords is how Microsoft.Network and Resource Manager word a wait.
var waitInWords = regexp.MustCompile(`(?:retried in|try again after) '?(\d+)'? seconds`)

// askedWait is how long an answer asks to wait, by its header or else in words; 0 when
// it does not say.
func askedWait(h http.Header, a answer) time.Duration {
	if wait := retryAfter(h); wait > 0 {
		return wait
	}
	messages := []string{a.Message}
	for _, d := range a.Details {
		messages = append(messages, d.Message)
	}
	found := waitInWords.FindStringSubmatch(strings.Join(messages, " "))
	if found == nil {
		return 0
	}
	n, _ := parseCount(found[1])
	return atMost(n, time.Second)
}

// parseCount reads a header's whole number, the largest one when it does not fit.
func parseCount(s string) (uint64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return math.MaxUint64, true
	}
	return n, true
}

func atMost(n uint64, unit time.Duration) time.Duration {
	if n > uint64(longestWait/unit) {
		return longestWait
	}
	return time.Duration(n) * unit
}
