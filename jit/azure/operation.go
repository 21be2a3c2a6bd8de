package azure

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"jitbot/jit"
)

var errStillRunning = fmt.Errorf("%w: still running", jit.ErrConflict)

// await asks until the operation has ended; it is errStillRunning when that has
// not happened by then. The SDK's own loop would first sleep the ten seconds
// that Azure suggests, and then read the rule again.
func await[T any](ctx context.Context, until time.Time, pause time.Duration, p *runtime.Poller[T]) error {
	limited, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	asked := pollPause{quick: pause}
	for !p.Done() {
		select {
		case <-limited.Done():
		case <-time.After(asked.next()):
		}
		var err error
		if limited.Err() == nil {
			asked.last, err = p.Poll(limited)
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case limited.Err() != nil && !p.Done():
			return errStillRunning
		case err != nil:
			// An operation that is not known any more tells nothing about
			// the rule.
			return goneMeanwhile(translate(err))
		}
	}
	// The last answer once more, without a request.
	last, err := p.Poll(ctx)
	if err != nil {
		return translate(err)
	}
	if !operationFailed(last) {
		return nil
	}
	if _, err = p.Result(ctx); err != nil {
		return translate(err)
	}
	return errors.New("the operation did not succeed")
}

// pollPause is how long to wait before the next question about an operation.
type pollPause struct {
	quick time.Duration  // before each of the first questions
	asked int            // how many there were
	last  *http.Response // what Azure said last
}

const (
	quickPolls = 10
	slowPolls  = 3 // times the quick pause, where Azure does not say how long
)

// next is the pause. Most changes end within the quick ones; many long ones at once
// must not use up the reads.
func (p *pollPause) next() time.Duration {
	p.asked++
	if p.asked <= quickPolls || p.last == nil {
		return p.quick
	}
	return max(cmp.Or(retryAfter(p.last.Header), slowPolls*p.quick), p.quick)
}

// operationFailed reads the state in the last answer of an operation: the status of
// the operation, or the provisioning state of the resource itself.
func operationFailed(resp *http.Response) bool {
	body, err := runtime.Payload(resp)
	if err != nil || len(body) == 0 {
		return false
	}
	var state struct {
		Status     string `json:"status"`
		Properties struct {
			ProvisioningState string `json:"provisioningState"`
		} `json:"properties"`
	}
	if json.Unmarshal(body, &state) != nil {
		return false
	}
	bad := func(s string) bool { return strings.EqualFold(s, "Failed") || strings.EqualFold(s, "Canceled") }
	return bad(state.Status) || bad(state.Properties.ProvisioningState)
}
