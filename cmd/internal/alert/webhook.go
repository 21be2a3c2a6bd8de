package alert

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"jitbot/jit/clock"
)

const (
	lookEvery  = 5 * time.Second
	again      = 24 * time.Hour   // what is still stuck is told again this often
	within     = 10 * time.Second // of one request
	firstPause = 2 * time.Second  // before it is sent again, which grows
	maxPause   = 5 * time.Minute
	maxAnswer  = 4 << 10 // bytes of an answer that are read
)

// What is told of something that is stuck, in the order in which it is.
const (
	Stuck      = "stuck"       // it has just become so
	StillStuck = "still_stuck" // once a day, for as long as it is
	Over       = "over"        // it is no longer
)

// Alert is what the body of a request holds.
type Alert struct {
	Version      int       `json:"version"` // 1
	Event        string    `json:"event"`   // Stuck, StillStuck or Over
	ID           string    `json:"id"`      // the same for all that is told of one thing that is stuck
	At           time.Time `json:"at"`
	Installation string    `json:"installation"`
	Trouble
}

// Trouble is something that is stuck.
type Trouble struct {
	Grant    string    `json:"grant"` // empty where it cannot be read which
	Since    time.Time `json:"since,omitzero"`
	Fault    string    `json:"fault"`
	VMs      []string  `json:"vms,omitempty"`
	Ports    []string  `json:"ports,omitempty"`
	Holder   string    `json:"holder,omitempty"`   // Slack user id
	Deadline time.Time `json:"deadline,omitzero"`  // when it should have closed
	Commands []string  `json:"commands,omitempty"` // each removes a rule by hand
}

// Webhook tells one URL. Its fields are set before Run.
type Webhook struct {
	URL          string
	Secret       string // signs each body
	Installation string
	HTTP         *http.Client // its redirects are not followed; nil: one of its own
	Log          *slog.Logger
	Look         func(context.Context) []Trouble // what is stuck now
	Observe      func(code int)                  // told of each answer; 0 when there was none
}

// told is what was told of something that is stuck.
type told struct {
	alert Alert
	at    time.Time // zero: not yet
	over  bool
}

// Run tells until ctx ends: what is stuck once, again each day, and once more when it is
// over; each until it is taken, one after another. After a restart what is stuck is told
// anew, with the same id.
func (w *Webhook) Run(ctx context.Context) {
	known := map[string]*told{}
	failures := 0
	for {
		w.look(ctx, known)
		pause := lookEvery
		if next := due(known); next != nil {
			if w.tell(ctx, next, failures+1) {
				failures, pause = 0, 0
			} else {
				failures++
				pause = backoff(failures)
			}
			if next.over && failures == 0 {
				delete(known, next.alert.ID)
			}
		}
		if !clock.Sleep(ctx, pause) {
			return
		}
	}
}

// tell reports whether the server took what is to be told, at so many attempts.
func (w *Webhook) tell(ctx context.Context, next *told, attempt int) bool {
	err := w.send(ctx, next.alert)
	if err == nil {
		next.at = time.Now()
		return true
	}
	if ctx.Err() == nil {
		w.Log.WarnContext(ctx, "the alert webhook did not take an alert, which is sent again",
			slog.String("grant", next.alert.Grant), slog.Int("attempt", attempt), slog.Any("error", err))
	}
	return false
}

// look compares what is stuck with what is known of it.
func (w *Webhook) look(ctx context.Context, known map[string]*told) {
	now, unread := map[string]bool{}, false
	for _, t := range w.Look(ctx) {
		id := t.id(w.Installation)
		now[id], unread = true, unread || t.Grant == ""
		one := known[id]
		if one == nil {
			one = &told{}
			known[id] = one
		}
		one.over = false
		one.alert = w.alert(id, cmp.Or(map[bool]string{true: Stuck}[one.at.IsZero()], StillStuck), t)
	}
	if unread || ctx.Err() != nil {
		return // what is not seen may be stuck all the same
	}
	for id, one := range known {
		switch {
		case now[id] || one.over:
		case one.at.IsZero():
			delete(known, id) // over before anybody was told
		default:
			one.over, one.alert = true, w.alert(id, Over, one.alert.Trouble)
			one.alert.Commands = nil
		}
	}
}

func (w *Webhook) alert(id, event string, t Trouble) Alert {
	return Alert{Version: 1, Event: event, ID: id, At: time.Now().UTC(), Installation: w.Installation, Trouble: t}
}

// id is the same for all that is stuck of one grant, after a restart too.
func (t Trouble) id(installation string) string {
	sum := sha256.Sum256([]byte(installation + " " + t.Grant))
	return hex.EncodeToString(sum[:8])
}

// due is what is to be told next: what is new, then what is over, then what is told again.
func due(known map[string]*told) *told {
	var all []*told
	for _, one := range known {
		if one.at.IsZero() || one.over || time.Since(one.at) >= again {
			all = append(all, one)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return slices.MinFunc(all, func(a, b *told) int { return cmp.Or(rank(a)-rank(b), cmp.Compare(a.alert.ID, b.alert.ID)) })
}

func rank(t *told) int {
	switch {
	case t.at.IsZero():
		return 0
	case t.over:
		return 1
	default:
		return 2
	}
}

func backoff(failures int) time.Duration {
	pause := min(firstPause<<min(failures-1, 10), maxPause)
	return pause/2 + rand.N(pause/2) //nolint:gosec // spreading load needs no secret
}

// send is nil when the server took the alert: when it answered 2xx in time.
func (w *Webhook) send(ctx context.Context, a Alert) error {
	body, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("writing an alert: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("making a request: %w", err)
	}
	at := strconv.FormatInt(a.At.Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "jitbot")
	r.Header.Set("X-Jitbot-Timestamp", at)
	r.Header.Set("X-Jitbot-Signature", Sign(w.Secret, at, body))
	answer, err := w.client().Do(r)
	if err != nil {
		w.Observe(0)
		return withoutURL(err)
	}
	defer func() { _ = answer.Body.Close() }() // it was read as far as it matters
	w.Observe(answer.StatusCode)
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer)) // so that the connection serves again
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("it answered %d", answer.StatusCode)
	}
	return nil
}

// Sign is the signature of a body that was sent at an instant, in seconds since 1970: the
// SHA-256 HMAC of both with a dot between, in hexadecimal, after "v1=".
func Sign(secret, at string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(at + ".")) // it never fails
	_, _ = mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

// client follows no redirect: what is signed is for the one URL.
func (w *Webhook) client() *http.Client {
	c := http.Client{}
	if w.HTTP != nil {
		c = *w.HTTP
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// withoutURL is the error without the URL, whose path may be a secret.
func withoutURL(err error) error {
	if at, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("%s: %w", at.Op, at.Err)
	}
	return err
}
