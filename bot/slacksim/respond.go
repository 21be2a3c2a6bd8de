package slacksim

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// maxResponses is how often a response_url can be used.
const maxResponses = 5

// responder is what a response_url stands for.
type responder struct {
	channel, user string
	thread        string
	origin        *message // what replace_original and delete_original are about; nil for a slash command
	uses          int
	made          time.Time
	// acked is closed when the slash command that it belongs to was
	// acknowledged; nil for other interactions.
	acked <-chan struct{}
}

// ackHead is how long a response waits for the acknowledgement that was sent
// before it on another connection. Which of the two Slack shows first is not
// documented; the simulator lets the acknowledgement go first, so that tests
// see one order.
const ackHead = 250 * time.Millisecond

// newResponder makes a response_url. Called with the lock held.
func (s *Sim) newResponder(r *responder) string {
	r.made = time.Now()
	key := s.opt.TeamID + "/" + s.newID("") + "/" + strings.ReplaceAll(s.newUUID(), "-", "")
	s.responders[key] = r
	return s.url() + "/respond/" + key
}

func (s *Sim) serveRespond(w http.ResponseWriter, r *http.Request) {
	c := &call{method: "respond", args: object{}}
	fault := s.meet(c.method)
	if !s.delay(r, fault.wait) {
		return
	}
	if fault.answers() {
		s.log(c, fault.status(), fault.Error) // first: whoever asked may look at once
		fault.before(w)
		return
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return
	}
	status, code := http.StatusBadRequest, "invalid_payload"
	if args, err := decodeObject(data); err == nil && r.Method == http.MethodPost {
		c.args = args
		key := strings.TrimPrefix(r.URL.Path, "/respond/")
		s.letAckGoFirst(key)
		s.mu.Lock()
		status, code = s.respond(key, c)
		s.mu.Unlock()
	}
	s.log(c, status, code)
	if fault.Lost {
		abort(w)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if code != "" {
		_, _ = w.Write(encode(object{"ok": false, "error": code}))
		return
	}
	_, _ = w.Write([]byte(`{"ok":true}`))
}

func (s *Sim) letAckGoFirst(key string) {
	s.mu.Lock()
	r, ok := s.responders[key]
	s.mu.Unlock()
	if !ok || r.acked == nil {
		return
	}
	t := time.NewTimer(ackHead)
	defer t.Stop()
	select {
	case <-r.acked:
	case <-t.C:
	case <-s.done:
	}
}

// respond carries a response out. Called with the lock held. The bot needs no
// membership and no scope here.
func (s *Sim) respond(key string, c *call) (status int, code string) {
	r, ok := s.responders[key]
	switch {
	case !ok:
		return http.StatusNotFound, "no_service"
	case time.Since(r.made) > s.opt.ResponseLife:
		return http.StatusNotFound, "expired_url"
	case r.uses >= maxResponses:
		return http.StatusNotFound, "used_url"
	}
	if flag(c.args, "delete_original") {
		r.uses++
		if r.origin != nil {
			s.remove(r.origin)
			r.origin = nil
		}
		return http.StatusOK, ""
	}
	// SDKs send an empty metadata object along; response URLs take none.
	delete(c.args, "metadata")
	body, err := s.content(c)
	if err != nil {
		return http.StatusBadRequest, err.code
	}
	if body.empty(c.args) {
		return http.StatusBadRequest, "no_text"
	}
	r.uses++
	if flag(c.args, "replace_original") && s.shown(r.origin) {
		// An ephemeral message stays one, whatever response_type says.
		body.hasText, body.hasBlocks = true, true
		s.revise(r.origin, body)
		return http.StatusOK, ""
	}
	s.reply(r, body, c.str("response_type"), c.str("thread_ts"))
	return http.StatusOK, ""
}

// shown: the message is still there.
func (s *Sim) shown(m *message) bool {
	if m == nil {
		return false
	}
	for _, all := range [][]*message{s.messages, s.ephemerals} {
		if slices.Contains(all, m) {
			return true
		}
	}
	return false
}

// reply puts an answer where the interaction was: ephemeral unless it says in_channel.
func (s *Sim) reply(r *responder, body content, kind, thread string) *message {
	if thread == "" {
		thread = r.thread
	}
	if kind == "in_channel" {
		return s.add(&message{bot: true, Message: Message{
			Channel: r.channel, User: s.opt.BotUserID, Text: body.text, Blocks: body.blocks, ThreadTS: thread,
		}})
	}
	m := s.whisper(r.channel, r.user, s.opt.BotUserID, body)
	m.ThreadTS = thread
	return m
}
