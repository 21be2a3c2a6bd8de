package app

import (
	"context"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"jitbot/jit"
	"jitbot/jit/admission"
)

// meters measure. They have a registry of their own, so that two bots in one
// process do not share numbers.
type meters struct {
	registry *prometheus.Registry
	opened   prometheus.Histogram
	closed   prometheus.Histogram
	requests *prometheus.CounterVec
	slack    *prometheus.CounterVec
	alerts   *prometheus.CounterVec
}

var _ admission.Meter = (*meters)(nil)

func newMeters(version string) *meters {
	m := &meters{
		registry: prometheus.NewRegistry(),
		opened: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "jitbot_approved_to_open_seconds", Help: "Time from the last approval to the rule confirmed in force.",
			Buckets: []float64{1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800},
		}),
		closed: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "jitbot_close_lateness_seconds", Help: "Time from when a grant should have closed to its rules read back gone.",
			Buckets: []float64{0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 3600},
		}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "jitbot_arm_requests_total", Help: "Requests to Resource Manager and Graph by method and status; code 0 had no answer.",
		}, []string{"method", "code"}),
	}
	m.slack = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "jitbot_slack_requests_total", Help: "Requests to Slack's Web API by method and status; code 0 had no answer.",
	}, []string{"method", "code"})
	m.alerts = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "jitbot_alert_requests_total", Help: "Requests to the alert webhook by status; code 0 had no answer.",
	}, []string{"code"})
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "jitbot_build_info", Help: "Always 1; the labels tell the version.",
		ConstLabels: prometheus.Labels{"version": version, "go_version": runtime.Version()},
	})
	info.Set(1)
	m.registry.MustRegister(m.opened, m.closed, m.requests, m.slack, m.alerts, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Opened implements jit.Meter.
func (m *meters) Opened(took time.Duration) { m.opened.Observe(took.Seconds()) }

// Closed implements jit.Meter.
func (m *meters) Closed(late time.Duration) { m.closed.Observe(late.Seconds()) }

func (m *meters) request(method string, code int) {
	m.requests.WithLabelValues(method, strconv.Itoa(code)).Inc()
}

func (m *meters) slackRequest(method string, code int) {
	m.slack.WithLabelValues(method, strconv.Itoa(code)).Inc()
}

// scrape adds what is read from the store when somebody looks.
func (m *meters) scrape(p *program) {
	m.registry.MustRegister(&grantCollector{program: p}, &outboxCollector{program: p})
}

// grantCollector counts grants at each scrape.
type grantCollector struct{ *program }

const scrapeWithin = 5 * time.Second

func (c *grantCollector) grantsDesc() *prometheus.Desc {
	return prometheus.NewDesc("jitbot_grants", "Grants by state, ended ones too.", []string{"state"}, nil)
}

func (c *grantCollector) stuckDesc() *prometheus.Desc {
	return prometheus.NewDesc("jitbot_stuck_grants", "Grants whose closing takes too long or was forbidden, or cannot be told.", nil, nil)
}

func (c *grantCollector) slackDesc() *prometheus.Desc {
	return prometheus.NewDesc("jitbot_slack_connected", "1 while Slack can reach jitbot.", nil, nil)
}

func (c *grantCollector) panicsDesc() *prometheus.Desc {
	return prometheus.NewDesc("jitbot_slack_panics_total", "Payloads and answers of Slack that jitbot stumbled over; see the log.", nil, nil)
}

func (c *grantCollector) subscriptionDesc() *prometheus.Desc {
	return prometheus.NewDesc("jitbot_subscription_up", "1 while Azure can be worked with in the subscription.", []string{"subscription"}, nil)
}

// Describe implements prometheus.Collector.
func (c *grantCollector) Describe(out chan<- *prometheus.Desc) {
	out <- c.grantsDesc()
	out <- c.stuckDesc()
	out <- c.slackDesc()
	out <- c.panicsDesc()
	out <- c.subscriptionDesc()
}

// Collect implements prometheus.Collector.
func (c *grantCollector) Collect(out chan<- prometheus.Metric) {
	// Collectors are given no context.
	ctx, cancel := context.WithTimeout(context.Background(), scrapeWithin)
	defer cancel()
	counts, err := c.store.Counts(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(c.grantsDesc(), err)
	} else {
		for _, state := range jit.States() {
			out <- prometheus.MustNewConstMetric(c.grantsDesc(), prometheus.GaugeValue, float64(counts[state]), string(state))
		}
	}
	out <- prometheus.MustNewConstMetric(c.stuckDesc(), prometheus.GaugeValue, float64(len(c.stuck(ctx))))
	connected := 0.0
	if ok, _, _ := c.bot.Connected(); ok {
		connected = 1
	}
	out <- prometheus.MustNewConstMetric(c.slackDesc(), prometheus.GaugeValue, connected)
	out <- prometheus.MustNewConstMetric(c.panicsDesc(), prometheus.CounterValue, float64(c.bot.Panics()))
	for _, s := range c.subscriptions() {
		up := 0.0
		if s.Up {
			up = 1
		}
		out <- prometheus.MustNewConstMetric(c.subscriptionDesc(), prometheus.GaugeValue, up, s.ID)
	}
}
