package slacksim

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Envelope is one delivery over Socket Mode, for looking back at what was sent
// and how it was answered.
type Envelope struct {
	ID      string
	Type    string // slash_commands, interactive, events_api
	Payload json.RawMessage
	// Response is the payload of the acknowledgement, nil for an empty one.
	Response json.RawMessage
	Sent     time.Time
	// Acked is zero while there is no acknowledgement.
	Acked time.Time
	// Late: acknowledged after Options.AckTimeout, which Slack ignores.
	Late bool
	// Socket that it was sent on, counted from 1 in the order of opening; 0: none was open.
	Socket int
	// Retry is retry_attempt of an event.
	Retry int
	// Oversized: an acknowledgement of 20 KB or more came and was dropped.
	Oversized bool
}

type pending struct {
	Envelope
	frame   []byte
	accepts bool
	done    chan struct{}
	over    bool // the deadline has passed
	// apply carries the acknowledgement's payload out at the moment it comes, so
	// that what the app does next finds it done. Called with the lock held.
	apply func(payload json.RawMessage) error
	err   error // of apply
}

// Envelopes is the log of deliveries, oldest first.
func (s *Sim) Envelopes() []Envelope {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Envelope, 0, len(s.envelopes))
	for _, p := range s.envelopes {
		out = append(out, p.Envelope)
	}
	return out
}

// post sends a payload to one socket, chosen at random as Slack does. Called
// with the lock held.
func (s *Sim) post(kind string, accepts bool, payload, extra object) *pending {
	id := s.newUUID()
	env := object{"envelope_id": id, "type": kind, "accepts_response_payload": accepts, "payload": payload}
	maps.Copy(env, extra)
	p := &pending{
		Envelope: Envelope{ID: id, Type: kind, Payload: encode(payload), Sent: time.Now(), Retry: intOf(extra, "retry_attempt", 0)},
		frame:    encode(env), accepts: accepts, done: make(chan struct{}),
	}
	s.register(p)
	return p
}

func (s *Sim) register(p *pending) {
	s.pending[p.ID] = append(s.pending[p.ID], p)
	s.envelopes = append(s.envelopes, p)
	p.Socket = s.transmit(p.frame)
	s.touch()
}

// transmit gives a frame to one open socket and returns its number, 0 for none.
func (s *Sim) transmit(frame []byte) int {
	var ids []int
	for id, k := range s.sockets {
		if !k.doomed && s.opt.SocketAppID == s.opt.AppID {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for len(ids) > 0 {
		i := s.rng.IntN(len(ids))
		if s.sockets[ids[i]].send(frame) {
			return ids[i]
		}
		ids = slices.Delete(ids, i, i+1)
	}
	return 0
}

// acknowledge takes a frame from any socket of the app: Slack does not care
// which one an acknowledgement comes on.
func (s *Sim) acknowledge(data []byte) {
	var ack struct {
		ID      string          `json:"envelope_id"`
		Payload json.RawMessage `json:"payload"`
	}
	if json.Unmarshal(data, &ack) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.pending[ack.ID]
	if len(data) < maxAck {
		delete(s.pending, ack.ID)
	}
	for _, p := range all {
		if len(data) >= maxAck {
			p.Oversized = true
			continue
		}
		p.Acked, p.Late = time.Now(), p.over
		if text := string(ack.Payload); p.accepts && text != "" && text != "null" && text != "{}" && text != `""` {
			p.Response = ack.Payload
		}
		if p.apply != nil && !p.over {
			p.err = p.apply(p.Response)
		}
		close(p.done)
	}
	s.touch()
}

// await waits for the acknowledgement and returns its payload,
// what came of carrying it out, or ErrTimeout.
func (s *Sim) await(ctx context.Context, p *pending) (json.RawMessage, error) {
	t := time.NewTimer(time.Until(p.Sent.Add(s.ackTimeout())))
	defer t.Stop()
	select {
	case <-p.done:
		s.mu.Lock()
		defer s.mu.Unlock()
		return p.Response, p.err
	case <-t.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.done:
		return nil, ErrClosed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !p.Acked.IsZero() {
		return p.Response, p.err
	}
	p.over = true
	return nil, ErrTimeout
}

func (s *Sim) ackTimeout() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opt.AckTimeout
}

// Deliver writes a frame of any content to one open socket: an unknown type,
// broken JSON, an envelope of an earlier time. When the frame is an object with
// an envelope_id it waits for the acknowledgement or ErrTimeout, else it
// returns when the frame is queued. ErrDispatchFailed: no socket is open.
func (s *Sim) Deliver(ctx context.Context, frame []byte) (Reply, error) {
	o, err := decodeObject(frame)
	id := str(o, "envelope_id")
	s.mu.Lock()
	p := &pending{
		Envelope: Envelope{ID: id, Type: str(o, "type"), Payload: encode(o["payload"]), Sent: time.Now()},
		frame:    slices.Clone(frame), accepts: true, done: make(chan struct{}),
	}
	if err != nil || id == "" {
		defer s.mu.Unlock()
		if s.transmit(p.frame) == 0 {
			return Reply{}, ErrDispatchFailed
		}
		return Reply{Sent: true}, nil
	}
	s.register(p)
	s.mu.Unlock()
	return s.finish(ctx, p)
}

// Repeat sends an earlier envelope once more, byte for byte, as Slack was seen
// to do when an acknowledgement was lost. It waits as Deliver does.
func (s *Sim) Repeat(ctx context.Context, envelopeID string) (Reply, error) {
	s.mu.Lock()
	var frame []byte
	for _, p := range s.envelopes {
		if p.ID == envelopeID {
			frame = p.frame
		}
	}
	s.mu.Unlock()
	if frame == nil {
		return Reply{}, fmt.Errorf("%w: envelope %s", ErrUnknown, envelopeID)
	}
	return s.Deliver(ctx, frame)
}

// finish waits for a delivery and reports it.
func (s *Sim) finish(ctx context.Context, p *pending) (Reply, error) {
	s.mu.Lock()
	socket := p.Socket
	s.mu.Unlock()
	r := Reply{EnvelopeID: p.ID, Sent: socket != 0}
	if !r.Sent {
		return r, ErrDispatchFailed
	}
	payload, err := s.await(ctx, p)
	r.Payload, r.Took = payload, time.Since(p.Sent)
	return r, err
}

// emit delivers an event and repeats it until it is acknowledged: the same
// event_id in a new envelope, with retry_attempt and retry_reason. It waits for
// the first attempt; the repeats go on without the caller.
func (s *Sim) emit(ctx context.Context, event object) (Reply, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return Reply{}, ErrClosed
	}
	payload := s.eventPayload(event)
	p := s.postEvent(payload, 0)
	unbound := context.WithoutCancel(ctx)
	s.spawn(func() { s.retry(unbound, payload, p) })
	s.mu.Unlock()
	r, err := s.finish(ctx, p)
	return r, err
}

func (s *Sim) postEvent(payload object, attempt int) *pending {
	reason := ""
	if attempt > 0 {
		reason = "timeout"
	}
	return s.post("events_api", false, payload, object{"retry_attempt": attempt, "retry_reason": reason})
}

func (s *Sim) retry(ctx context.Context, payload object, p *pending) {
	s.mu.Lock()
	delays := s.opt.RetryDelays
	s.mu.Unlock()
	for i := 0; ; i++ {
		if _, err := s.await(ctx, p); err == nil || i >= len(delays) {
			return
		}
		if !s.pause(delays[i]) {
			return
		}
		s.mu.Lock()
		p = s.postEvent(payload, i+1)
		s.mu.Unlock()
	}
}
