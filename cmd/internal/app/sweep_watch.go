package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"jitbot/jit/clock"
	"jitbot/jit/sweep"
)

// SweepWatch sweeps again and again, with a pause of every between two passes, until ctx
// ends: a second pair of hands on another machine. It writes what it removed and what
// became otherwise, and serves /healthz and /metrics at Config.Listen, unless that is
// empty. A pass that fails is logged, and no reason to end.
func SweepWatch(ctx context.Context, o Options, unreadable bool, every time.Duration) error {
	o = o.withDefaults()
	w := &sweepWatch{Options: o, unreadable: unreadable, every: every}
	w.measure()
	listener, err := o.listen(ctx)
	if err != nil {
		return err
	}
	group, work := errgroup.WithContext(ctx)
	if listener != nil {
		group.Go(func() error { return serveHTTP(work, listener, w.handler(), o.Log) })
	}
	group.Go(func() error { return w.run(work) })
	return group.Wait()
}

// sweepWatch is a sweep that goes on.
type sweepWatch struct {
	Options
	unreadable bool
	every      time.Duration
	passed     atomic.Int64 // when the last pass ended, in Unix nanoseconds

	registry *prometheus.Registry
	requests *prometheus.CounterVec
	passes   *prometheus.CounterVec
	removed  prometheus.Counter
	found    *prometheus.GaugeVec
	overdue  prometheus.Gauge
	last     prometheus.Gauge
}

func (w *sweepWatch) measure() {
	w.registry = prometheus.NewRegistry()
	w.requests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "jitbot_arm_requests_total", Help: "Requests to Resource Manager by method and status; code 0 had no answer.",
	}, []string{"method", "code"})
	w.passes = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "jitbot_sweep_passes_total", Help: "Passes by result: ok, or failed when something overdue is or may be still there.",
	}, []string{"result"})
	w.removed = prometheus.NewCounter(prometheus.CounterOpts{Name: "jitbot_sweep_removed_total", Help: "Rules that were removed."})
	w.found = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "jitbot_sweep_rules", Help: "Rules of this installation at the last pass, by what was done about them.",
	}, []string{"outcome"})
	w.overdue = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "jitbot_sweep_overdue", Help: "Rules that should be gone and may not be, at the last pass.",
	})
	w.last = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "jitbot_sweep_last_pass_timestamp_seconds", Help: "When the last pass ended.",
	})
	w.registry.MustRegister(w.requests, w.passes, w.removed, w.found, w.overdue, w.last)
}

// handler serves what is measured, and whether the passes go on.
func (w *sweepWatch) handler() http.Handler {
	mux := http.NewServeMux()
	began := time.Now()
	mux.HandleFunc("GET /healthz", func(out http.ResponseWriter, _ *http.Request) {
		last := time.Unix(0, max(w.passed.Load(), began.UnixNano()))
		if since := time.Since(last); since > 2*w.every+passDead {
			http.Error(out, fmt.Sprintf("the sweep stands still since %s", since.Round(time.Second)), http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(out, "ok") // whoever asked may be gone
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(w.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4,
	}))
	return mux
}

func (w *sweepWatch) run(ctx context.Context) error {
	client, err := w.AzureClient(func(method string, code int) { w.requests.WithLabelValues(method, strconv.Itoa(code)).Inc() })
	if err != nil {
		return err
	}
	said := map[string]bool{}
	for {
		pass := w.sweepOnce(ctx, client, w.unreadable)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // whoever ended it knows why
		}
		w.note(pass)
		if err := w.tell(pass, said); err != nil {
			return err
		}
		if pass.err != nil {
			w.Log.ErrorContext(ctx, "a pass of the sweep failed", slog.Any("error", pass.err))
		}
		if !clock.Sleep(ctx, w.every) {
			return nil
		}
	}
}

func (w *sweepWatch) note(pass sweepPass) {
	result := "ok"
	if pass.err != nil {
		result = "failed"
	}
	w.passes.WithLabelValues(result).Inc()
	w.removed.Add(float64(pass.counts[sweep.Removed]))
	for _, outcome := range []sweep.Outcome{sweep.Removed, sweep.Kept, sweep.Unreadable, sweep.Astray, sweep.NotRemoved} {
		w.found.WithLabelValues(string(outcome)).Set(float64(pass.counts[outcome]))
	}
	w.overdue.Set(float64(pass.overdue))
	w.last.SetToCurrentTime()
	w.passed.Store(time.Now().UnixNano())
}

// tell writes the lines that the pass before did not have, but of rules that are not due.
func (w *sweepWatch) tell(pass sweepPass, said map[string]bool) error {
	now := map[string]bool{}
	var faults []error
	for _, r := range pass.found {
		line := r.String()
		now[line] = true
		if r.Outcome != sweep.Kept && !said[line] {
			_, err := fmt.Fprintln(w.Out, line)
			faults = append(faults, err)
		}
	}
	clear(said)
	for line := range now {
		said[line] = true
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("telling what was swept: %w", err)
	}
	return nil
}
