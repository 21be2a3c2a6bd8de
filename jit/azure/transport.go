package azure

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/clock"
)

// exchangePolicy is the policy that sees each HTTP exchange of every client: it
// holds back what is throttled, reads the budget and the time, and counts.
type exchangePolicy struct {
	observe  func(method string, code int)
	wrote    func(jit.Write)
	throttle *throttle
	budget   *writeBudget
	network  *networkBudget
	refused  *refusedVersions
	health   *health
	dates    *clock.Remote
	log      *slog.Logger
}

// Do implements policy.Policy. What is throttled is a *jit.BusyError and
// nothing is sent.
func (e *exchangePolicy) Do(req *policy.Request) (*http.Response, error) {
	raw := req.Raw()
	key := bucketOf(raw)
	key.region = e.network.regionOf(raw.URL.Path)
	if err := e.throttle.check(key); err != nil {
		return nil, err
	}
	sent := time.Now()
	e.network.record(raw, sent)
	resp, err := req.Next()
	code := 0
	if err == nil {
		code = resp.StatusCode
		received := time.Now()
		if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
			e.dates.Note(date, sent, received)
		}
		e.budget.record(key, resp.Header, received)
		if code == http.StatusConflict && readAnswer(resp).has("ReadOnlyDisabledSubscription") {
			e.health.refuseWrites(key.owner)
		}
		if code == http.StatusTooManyRequests {
			e.holdBack(raw.Context(), key, resp)
		}
	}
	if e.observe != nil {
		e.observe(raw.Method, code)
	}
	e.note(raw, resp, code)
	if err == nil {
		if refused := e.refused.observe(resp); refused != nil {
			return nil, refused
		}
	}
	return resp, err
}

// note tells of a request for a change.
func (e *exchangePolicy) note(raw *http.Request, resp *http.Response, code int) {
	if e.wrote == nil || raw.Method != http.MethodPut && raw.Method != http.MethodDelete && raw.Method != http.MethodPatch {
		return
	}
	w := jit.Write{Method: raw.Method, Resource: raw.URL.Path, Request: raw.Header.Get("x-ms-client-request-id"), Code: code}
	if resp != nil {
		w.Correlation = resp.Header.Get("x-ms-correlation-request-id")
	}
	e.wrote(w)
}

// holdBack keeps back what draws from the bucket that a 429 says is empty: one of
// Resource Manager's, of the whole subscription, or one of Microsoft.Network's own,
// of a region.
func (e *exchangePolicy) holdBack(ctx context.Context, key bucketKey, resp *http.Response) {
	a := readAnswer(resp)
	switch {
	case isConcurrentOperation(a):
		return
	case !isNetworkThrottling(a):
		key.region = ""
		e.budget.exhaust(key)
	}
	wait := askedWait(resp.Header, a)
	e.throttle.block(key, wait)
	e.log.WarnContext(ctx, "azure throttles", slog.String("owner", key.owner),
		slog.String("kind", string(key.kind)), slog.Duration("wait", wait))
}

// shouldRetry says what azcore sends again: what may be a hiccup. A 429 is
// not, it goes to the caller with its wait. Sending again is harmless even
// when the first was served: names are deterministic.
func shouldRetry(resp *http.Response, err error) bool {
	if err != nil {
		return !errors.Is(err, jit.ErrBusy) && !errors.Is(err, admission.ErrVersion)
	}
	switch resp.StatusCode {
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}
