package page

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	// tick is how often the subscription is looked at, which tells nobody of
	// its changes.
	tick = 400 * time.Millisecond
	// settle gathers changes of the workspace that come together.
	settle = 30 * time.Millisecond
	// beat is how often the clock is sent, so that the page notices a dead
	// connection and its clock does not drift.
	beat = 10 * time.Second
)

// stream is one open page.
type stream struct {
	h    *handler
	w    http.ResponseWriter
	user string
	sent map[string][]byte // the last of each kind of event
	beat time.Time
}

// events streams the workspace as one person sees it (?as=), the subscription,
// and the clock. Each event is the whole of its kind, sent when it changed.
func (h *handler) events(w http.ResponseWriter, r *http.Request) {
	user := r.URL.Query().Get("as")
	if _, known := h.opt.Slack.Snapshot().Users[user]; !known {
		http.Error(w, "as= names nobody in the workspace", http.StatusNotFound)
		return
	}
	changes, unsubscribe := h.opt.Slack.Changes()
	defer unsubscribe()
	w.Header().Set("Content-Type", "text/event-stream")
	// A server's write timeout is for answers that end.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
	s := &stream{h: h, w: w, user: user, sent: map[string][]byte{}}
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	ctx := r.Context()
	for changed := true; ; {
		if err := s.push(ctx, changed); err != nil {
			h.opt.Log.DebugContext(ctx, "a page has gone", "error", err)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			changed = false
			continue
		case <-changes:
			changed = true
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(settle):
		}
	}
}

// push sends what has changed since the last time; the workspace is looked at
// when it said so.
func (s *stream) push(ctx context.Context, workspace bool) error {
	if err := s.tell(s.h.clock.look()); err != nil {
		return err
	}
	if workspace {
		if err := s.update("slack", s.h.workspace(s.user)); err != nil {
			return err
		}
	}
	return s.update("world", s.h.subscription(ctx))
}

// update sends an event that differs from the last of its kind.
func (s *stream) update(kind string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encoding the %s event: %w", kind, err)
	}
	if bytes.Equal(text, s.sent[kind]) {
		return nil
	}
	s.sent[kind] = text
	return s.send(kind, text)
}

// tell sends the clock after a jump and at every beat.
func (s *stream) tell(ahead time.Duration) error {
	mark := []byte(ahead.String())
	if bytes.Equal(mark, s.sent["clock"]) && time.Since(s.beat) < beat {
		return nil
	}
	s.sent["clock"], s.beat = mark, time.Now()
	return s.send("clock", fmt.Appendf(nil, `{"now":%d}`, s.h.opt.Now().UnixMilli()))
}

func (s *stream) send(kind string, data []byte) error {
	if _, err := fmt.Fprintf(s.w, "event: %s\ndata: %s\n\n", kind, data); err != nil {
		return fmt.Errorf("sending a %s event: %w", kind, err)
	}
	if err := http.NewResponseController(s.w).Flush(); err != nil {
		return fmt.Errorf("flushing a %s event: %w", kind, err)
	}
	return nil
}
