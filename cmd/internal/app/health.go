package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"jitbot/jit"
	"jitbot/jit/clock"
	"jitbot/jit/outbox"
	"jitbot/store/bolt"
)

// wakingStore is the store as the service and the loop use it: what it writes wakes
// the dispatcher.
type wakingStore struct {
	outbox.Writer // goes before the methods of the same names of the store
	silentStore
}

// silentStore wakes nobody.
type silentStore struct{ *bolt.Store }

const (
	passLate = 10 * time.Second // a reconciler that passes each second has trouble
	passDead = 2 * time.Minute  // … and hangs

	storeLate = 5 * time.Second // a write that waits for the disk for longer is trouble
)

// readiness is the detail of /readyz.
type readiness struct {
	Ready bool `json:"ready"`
	Slack struct {
		Connected bool      `json:"connected"`
		Since     time.Time `json:"since"`
		Error     string    `json:"last_error,omitempty"`
		ErrorAt   time.Time `json:"last_error_at,omitzero"`
		Faults    []string  `json:"faults,omitempty"` // of how the app is installed
	} `json:"slack"`
	Sweep struct {
		OK       bool      `json:"ok"`
		LastPass time.Time `json:"last_pass"`
	} `json:"sweep"`
	Store struct {
		OK    bool   `json:"ok"`
		Error string `json:"error,omitempty"`
	} `json:"store"`
	Clock struct {
		OK     bool   `json:"ok"`
		Behind string `json:"behind,omitempty"` // how far it went back
		Doubt  string `json:"doubt,omitempty"`  // why nothing is opened by it
	} `json:"clock"`
	Azure struct {
		OK   bool   `json:"ok"`
		Skew string `json:"skew"` // how far Azure's clock is ahead of ours

		// Subscriptions are no reason to be not ready: each delays only itself.
		Subscriptions []subscriptionHealth `json:"subscriptions"`
	} `json:"azure"`
	Stuck []stuckGrant `json:"stuck"` // no reason to be not ready, but for somebody to look
}

// subscriptionHealth is how Azure answers for one subscription.
type subscriptionHealth struct {
	ID    string `json:"id"`
	Up    bool   `json:"up"`
	Fault string `json:"fault,omitempty"` // why Azure cannot be worked with there
}

// subscriptions is how each answers, by what was last heard of it.
func (p *program) subscriptions() []subscriptionHealth {
	var out []subscriptionHealth
	for _, id := range p.azure.Subscriptions() {
		fault := p.azure.Fault(id)
		out = append(out, subscriptionHealth{ID: id, Up: fault == "", Fault: fault})
	}
	return out
}

type stuckGrant struct {
	Grant jit.ID    `json:"grant"`
	Since time.Time `json:"since,omitzero"`
	Fault string    `json:"fault"`
}

func (p *program) readiness(ctx context.Context) readiness {
	var r readiness
	r.Slack.Connected, r.Slack.Since, _ = p.bot.Connected()
	r.Slack.Since = r.Slack.Since.UTC()
	r.Slack.Error, r.Slack.ErrorAt = p.bot.LastError()
	r.Slack.ErrorAt, r.Slack.Faults = r.Slack.ErrorAt.UTC(), p.bot.Faults()
	r.Sweep.LastPass = p.reconciler.LastPass()
	r.Sweep.OK = time.Since(r.Sweep.LastPass) < passLate
	skew := p.azure.Skew().Widest
	r.Azure.OK, r.Azure.Skew = skew.Abs() <= clock.MaxSkew, skew.Round(time.Second).String()
	r.Azure.Subscriptions = p.subscriptions()
	mark, err := p.store.Mark(ctx, time.Time{})
	behind := time.Until(mark)
	if behind > clock.MaxBack {
		r.Clock.Behind = behind.Round(time.Second).String()
	}
	r.Clock.Doubt = p.reconciler.Doubt()
	r.Clock.OK = r.Clock.Doubt == "" && behind <= clock.MaxBack
	r.Stuck = p.stuck(ctx)
	if waits := p.store.Waiting(); waits > storeLate {
		err = errors.Join(err, fmt.Errorf("a write has waited for the disk for %s; look at the disk", waits.Round(time.Second)))
	}
	err = errors.Join(err, p.store.Check(ctx))
	if r.Store.OK = err == nil; !r.Store.OK {
		r.Store.Error = err.Error()
	}
	r.Ready = r.Slack.Connected && len(r.Slack.Faults) == 0 && r.Sweep.OK && r.Azure.OK && r.Clock.OK && r.Store.OK
	return r
}

// stuck is what is stuck, as /readyz tells it.
func (p *program) stuck(ctx context.Context) []stuckGrant {
	out := []stuckGrant{}
	for _, s := range p.reconciler.Stuck(ctx) {
		out = append(out, stuckGrant{Grant: s.Grant, Since: s.Since, Fault: s.Fault})
	}
	return out
}

// listen opens the address of health and metrics; nil when they are off.
func (o Options) listen(ctx context.Context) (net.Listener, error) {
	if o.Config.Listen == "" {
		return nil, nil //nolint:nilnil // off is no error
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.Config.Listen)
	if err != nil {
		return nil, fmt.Errorf("listening for /healthz, /readyz and /metrics: %w; name another address under listen, or \"\" for none", err)
	}
	o.Log.InfoContext(ctx, "health and metrics are served", slog.String("address", l.Addr().String()))
	if o.Config.ListensToOthers() {
		o.Log.WarnContext(ctx, "whoever reaches this machine may read /readyz and /metrics, which tell of grants and faults;"+
			" let a firewall keep others out, or write 127.0.0.1:9090 under listen", slog.String("listen", o.Config.Listen))
	}
	if o.Listening != nil {
		o.Listening(l.Addr())
	}
	return l, nil
}

func (p *program) health() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		if since := time.Since(p.reconciler.LastPass()); since > passDead {
			http.Error(w, fmt.Sprintf("the sweep stands still since %s", since.Round(time.Second)), http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ok") // whoever asked may be gone
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		detail := p.readiness(r.Context())
		w.Header().Set("Content-Type", "application/json")
		if !detail.Ready {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		_ = encoder.Encode(detail) // whoever asked may be gone
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(p.meters.registry, promhttp.HandlerOpts{
		Registry: p.meters.registry, ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4,
	}))
	return mux
}

// serveHTTP serves until ctx ends.
func serveHTTP(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })() // its answers are worth no waiting
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving health and metrics: %w", err)
	}
	return nil
}
