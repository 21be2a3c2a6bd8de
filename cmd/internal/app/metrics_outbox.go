package app

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"jitbot/jit/outbox"
)

// outboxCollector tells what waits to be told at each scrape.
type outboxCollector struct{ *program }

func (c *outboxCollector) pendingDesc() *prometheus.Desc {
	return prometheus.NewDesc("jitbot_outbox_pending", "What waits to be told, by kind of message.", []string{"kind"}, nil)
}

func (c *outboxCollector) oldestDesc() *prometheus.Desc {
	return prometheus.NewDesc("jitbot_outbox_oldest_seconds", "How long ago the oldest happened that waits to be told; 0 for none.", nil, nil)
}

func (c *outboxCollector) droppedDesc() *prometheus.Desc {
	return prometheus.NewDesc("jitbot_outbox_dropped_total", "What was never told, because its channel was shut for a day.", nil, nil)
}

// Describe implements prometheus.Collector.
func (c *outboxCollector) Describe(out chan<- *prometheus.Desc) {
	out <- c.pendingDesc()
	out <- c.oldestDesc()
	out <- c.droppedDesc()
}

// Collect implements prometheus.Collector.
func (c *outboxCollector) Collect(out chan<- prometheus.Metric) {
	counts := c.dispatcher.Counts()
	for _, kind := range outbox.Kinds() {
		out <- prometheus.MustNewConstMetric(c.pendingDesc(), prometheus.GaugeValue, float64(counts.Pending[kind]), string(kind))
	}
	age := 0.0
	if !counts.Oldest.IsZero() {
		age = max(0, time.Since(counts.Oldest).Seconds())
	}
	out <- prometheus.MustNewConstMetric(c.oldestDesc(), prometheus.GaugeValue, age)
	out <- prometheus.MustNewConstMetric(c.droppedDesc(), prometheus.CounterValue, float64(counts.Dropped))
}
