package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"jitbot/jit/clock"
	"jitbot/jit/record"
	"jitbot/store/bolt"
)

const (
	streamEvery  = time.Second
	streamAtOnce = 500
	streamGrace  = 2 * time.Second // a collector that takes nothing holds no stop up for longer
	streamStdout = "stdout"
)

// repeated is the line of a stream before lines that may have been in it: the last run
// ended while it wrote them.
type repeated struct {
	Repeats struct {
		From uint64 `json:"from"`
		To   uint64 `json:"to"`
	} `json:"repeats"`
}

// stream writes the record as it comes, a line each, to what collects logs. It loses
// nothing: it goes on behind the last line that was written and noted. What was written
// and could not be noted is written again, after a line that says so.
type stream struct {
	store *bolt.Store
	to    io.Writer
	sync  func() error // makes what was written durable; nil where nothing can
}

// openStream is the stream of the configuration, nil when there is none.
func (o Options) openStream(s *bolt.Store) (*stream, func() error, error) {
	switch o.Config.Stream {
	case "":
		return nil, func() error { return nil }, nil
	case streamStdout:
		return &stream{store: s, to: o.Stream}, func() error { return nil }, nil
	}
	f, err := os.OpenFile(o.Config.Stream, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the file under record.stream: %w; name one that jitbot may write", err)
	}
	return &stream{store: s, to: f, sync: f.Sync}, f.Close, nil
}

// run writes until ctx ends. What cannot be written is tried again for ever.
func (s *stream) run(ctx context.Context, log *slog.Logger) {
	said := false
	for {
		for more, err := true, error(nil); more && ctx.Err() == nil; {
			if more, err = s.advance(ctx); err != nil && ctx.Err() == nil && !said {
				said = true
				log.ErrorContext(ctx, "the record cannot be streamed just now, and nothing of it is lost", slog.Any("error", err))
			} else if err == nil {
				said = false
			}
		}
		if !clock.Sleep(ctx, streamEvery) {
			_, _ = s.advance(context.WithoutCancel(ctx)) // what a stop has recorded; the next start has the rest
			return
		}
	}
}

// advance writes what has come, so much at most, and reports whether there may be more.
func (s *stream) advance(ctx context.Context) (more bool, err error) {
	at, err := s.store.StreamCursor(ctx)
	if err != nil {
		return false, fmt.Errorf("reading how far the stream is: %w", err)
	}
	events, err := s.store.Events(ctx, at.Sent, streamAtOnce)
	if len(events) == 0 {
		return false, err
	}
	last := events[len(events)-1].Seq
	var out []byte
	if at.Sending > at.Sent {
		var r repeated
		r.Repeats.From, r.Repeats.To = at.Sent+1, at.Sending
		line, err := json.Marshal(r)
		if err != nil {
			return false, fmt.Errorf("encoding a line of the stream: %w", err)
		}
		out = append(append([]byte{'\n'}, line...), '\n') // behind what may be half a line
	}
	for _, e := range events {
		line, err := record.Line(e)
		if err != nil {
			return false, err
		}
		out = append(out, line...)
	}
	if err := s.store.SetStreamCursor(ctx, bolt.StreamCursor{Sent: at.Sent, Sending: max(last, at.Sending)}); err != nil {
		return false, fmt.Errorf("noting what is streamed: %w", err)
	}
	_, err = s.to.Write(out)
	if err == nil && s.sync != nil {
		err = s.sync()
	}
	if err != nil {
		return false, fmt.Errorf("writing the stream: %w", err)
	}
	if err := s.store.SetStreamCursor(ctx, bolt.StreamCursor{Sent: last, Sending: last}); err != nil {
		return false, fmt.Errorf("noting what was streamed: %w", err)
	}
	return len(events) == streamAtOnce, nil
}

// serveStream runs the stream beside everything else. It is waited for a moment only: a
// collector that takes nothing must not keep the bot from stopping.
func (p *program) serveStream(ctx context.Context, s *stream) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.run(ctx, p.Log)
	}()
	<-ctx.Done()
	select {
	case <-ended:
	case <-time.After(streamGrace):
		p.Log.WarnContext(ctx, "what collects the record takes nothing; the rest is streamed after the next start",
			slog.Any("error", errors.New("no answer")))
	}
}
