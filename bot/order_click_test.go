package bot_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"jitbot/bot/command"
	"jitbot/bot/view"
	"jitbot/jit"
)

const (
	shut          = "protected"
	answersAt     = "answers.invalid" // where what is told of a click goes, with its token
	directMessage = "D0ORDERED"
)

// heard is what was told of clicks, by their tokens.
type heard struct {
	next http.RoundTripper
	mu   sync.Mutex
	of   map[string][]string
}

// RoundTrip implements http.RoundTripper.
func (h *heard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != answersAt {
		return h.next.RoundTrip(r)
	}
	var said struct{ Text string }
	if err := json.NewDecoder(r.Body).Decode(&said); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	token := strings.TrimPrefix(r.URL.Path, "/")
	h.of[token] = append(h.of[token], said.Text)
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("ok")), Request: r}, nil
}

// told is what was told of a click that was acknowledged.
func (h *heard) told(token string) said {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, text := range h.of[token] {
		switch {
		case strings.Contains(text, "I cannot tell yet"):
			return unsure
		case text == view.FaultText, strings.Contains(text, tooMuch), strings.Contains(text, "was not taken"):
			return refused
		}
	}
	return taken
}

// one is a field of a form as it comes back.
func one(name, value string) map[string]any {
	return map[string]any{name: map[string]any{
		"selected_option": map[string]any{"value": value}, "selected_options": []any{map[string]any{"value": value}}, "value": value,
	}}
}

func (c *ordered) form(o *setup, callback, private string, values map[string]any) map[string]any {
	team := o.sim.Options().TeamID
	return map[string]any{
		"type": "view_submission", "team": map[string]any{"id": team}, "trigger_id": c.token,
		"user": map[string]any{"id": c.by, "team_id": team},
		"view": map[string]any{
			"id": "V" + c.token, "callback_id": callback, "private_metadata": private, "state": map[string]any{"values": values},
		},
	}
}

func (c *ordered) line(o *setup, rest string) map[string]any {
	return map[string]any{
		"team_id": o.sim.Options().TeamID, "user_id": c.by, "trigger_id": c.token, "text": string(c.verb) + " " + rest,
	}
}

// clicked is a press of a button of a card or a direct message.
func (c *ordered) clicked(o *setup) map[string]any {
	team, action, value := o.sim.Options().TeamID, string(c.verb), c.what
	if c.verb == command.VerbUnprotect {
		action = view.ActionUnprotect
		value, _ = view.Unprotecting{IDs: []string{c.word, c.token}, Asked: c.sent.UnixNano()}.Pack()
	}
	return map[string]any{
		"type": "block_actions", "team": map[string]any{"id": team}, "trigger_id": c.token,
		"user":         map[string]any{"id": c.by, "team_id": team},
		"container":    map[string]any{"type": "message", "channel_id": c.in, "message_ts": "1.2"},
		"channel":      map[string]any{"id": c.in},
		"actions":      []any{map[string]any{"action_id": action, "value": value, "type": "button"}},
		"response_url": "https://" + answersAt + "/" + c.token,
	}
}

// act changes a grant unless the process is gone.
func (l *life) act(ctx context.Context, id jit.ID, f func(jit.Grant) (jit.Grant, jit.Event, error)) (g jit.Grant, err error) {
	l.ledger.mu.Lock()
	slow := l.ledger.slow[string(id)]
	l.ledger.mu.Unlock()
	if err := sleep(ctx, slow); err != nil {
		return g, err
	}
	if gone := l.alive(func() { g, err = l.fakeService.change(id, f) }); gone != nil {
		return g, gone
	}
	return g, err
}

func (l *life) Approve(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	return l.act(ctx, id, func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Approve(jit.Person{ID: by}, time.Now()) })
}

func (l *life) Deny(ctx context.Context, by jit.UserID, id jit.ID, reason string) (jit.Grant, error) {
	return l.act(ctx, id, func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Deny(jit.Person{ID: by}, reason, time.Now()) })
}

func (l *life) Cancel(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	return l.act(ctx, id, func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Cancel(jit.Person{ID: by}, time.Now()) })
}

func (l *life) Done(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error) {
	return l.close(ctx, jit.Decision{Ending: jit.Finished, By: jit.Person{ID: by}}, id)
}

func (l *life) Revoke(ctx context.Context, by jit.UserID, id jit.ID, reason string) (jit.Grant, error) {
	return l.close(ctx, jit.Decision{Ending: jit.Revoked, By: jit.Person{ID: by}, Reason: reason}, id)
}

func (l *life) close(ctx context.Context, why jit.Decision, id jit.ID) (jit.Grant, error) {
	return l.act(ctx, id, func(g jit.Grant) (jit.Grant, jit.Event, error) { return g.Close(why, time.Now(), time.Now()) })
}

// clicks are what there are buttons for.
func clicks() []command.Verb {
	return []command.Verb{command.VerbApprove, command.VerbRevoke, command.VerbDone, command.VerbCancel, command.VerbDeny}
}
