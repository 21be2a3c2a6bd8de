package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"jitbot/cmd/internal/host"
	"jitbot/jit"
	"jitbot/jit/access"
	"jitbot/jit/record"
	"jitbot/store/bolt"
)

// hostSession is what the host can do with a store, whether a bot runs or not.
type hostSession struct {
	by      jit.UserID
	service *access.Service
	store   *bolt.Store
	stuck   func(context.Context) []stuckGrant // nil: by what the grants say
}

var _ host.Session = hostSession{}

// Status implements host.Session.
func (s hostSession) Status(ctx context.Context) (host.Status, error) {
	listed, err := s.service.List(ctx, s.by, true)
	out := host.Status{At: time.Now().UTC(), Running: s.stuck != nil, Grants: []host.Grant{}, Stuck: []host.Stuck{}}
	if err != nil {
		return out, err
	}
	for _, l := range listed {
		out.Grants = append(out.Grants, host.Of(l.Grant))
		if s.stuck == nil && l.Grant.Stuck {
			out.Stuck = append(out.Stuck, host.Stuck{Grant: l.Grant.ID, Since: l.Grant.Clock.Closing.UTC(), Fault: host.Of(l.Grant).Fault})
		}
	}
	if s.stuck != nil {
		for _, one := range s.stuck(ctx) {
			out.Stuck = append(out.Stuck, host.Stuck(one))
		}
	}
	return out, nil
}

// Grant implements host.Session.
func (s hostSession) Grant(ctx context.Context, id jit.ID) (host.Grant, error) {
	g, err := s.service.Look(ctx, s.by, id)
	return host.Of(g), err
}

// End implements host.Session.
func (s hostSession) End(ctx context.Context, id jit.ID) (host.Grant, error) {
	g, err := s.service.End(ctx, s.by, id)
	return host.Of(g), err
}

// EndAll implements host.Session.
func (s hostSession) EndAll(ctx context.Context) ([]host.Grant, error) {
	ended, err := s.service.EndAll(ctx, s.by)
	out := make([]host.Grant, 0, len(ended))
	for _, g := range ended {
		out = append(out, host.Of(g))
	}
	return out, err
}

// Backup implements host.Session.
func (s hostSession) Backup(ctx context.Context, w io.Writer) error {
	if err := s.service.Copied(ctx, s.by, "the store"); err != nil {
		return err
	}
	_, err := s.store.Backup(ctx, w)
	return err
}

// Copied implements host.Session.
func (s hostSession) Copied(ctx context.Context, what string) error {
	return s.service.Copied(ctx, s.by, what)
}

// Events implements host.Session.
func (s hostSession) Events(ctx context.Context, after uint64, limit int) ([]jit.Event, error) {
	return s.store.Events(ctx, after, limit)
}

// Sealed implements host.Session.
func (s hostSession) Sealed(ctx context.Context) ([]record.Segment, error) {
	return s.store.Sealed(ctx)
}

// Last implements host.Session.
func (s hostSession) Last(ctx context.Context) (record.Anchor, error) {
	e, err := s.store.Last(ctx)
	return record.At(e), err
}

// listenHost makes the socket for host commands. A bot without one serves Slack all the
// same, and says so.
func (o Options) listenHost(ctx context.Context) net.Listener {
	l, err := host.Listen(ctx, host.Path(o.Config.Store))
	if err != nil {
		o.Log.ErrorContext(ctx, "jitbot list, revoke, backup and audit cannot reach this bot while it runs", slog.Any("error", err))
		return nil
	}
	return l
}

// serveHost answers host commands until ctx ends.
func (p *program) serveHost(ctx context.Context, l net.Listener) error {
	server := host.Server{
		Session: func(by jit.UserID) host.Session {
			return hostSession{by: by, service: p.service, store: p.store, stuck: p.stuck}
		},
		Refused: func(ctx context.Context, by jit.UserID) {
			if err := p.service.HostRefused(ctx, by); err != nil {
				p.Log.ErrorContext(ctx, "a refused host command is not in the record", slog.Any("error", err))
			}
		},
		Log: p.Log,
	}
	if err := server.Serve(ctx, l); err != nil {
		return fmt.Errorf("serving the host: %w", err)
	}
	return nil
}
