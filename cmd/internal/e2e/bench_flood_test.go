package e2e_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/jit/azure/azuresim"
)

// BenchmarkFlood is the time to the acknowledgement of what ends access, stored first,
// while somebody else asks, lists and opens the Home tab without a pause. The floor is
// the same beside a bot at rest, in the same run.
func BenchmarkFlood(b *testing.B) {
	f := newSlackService(b, "")
	f.azure.Configure(func(s *azuresim.Settings) { s.Latency = 50 * time.Millisecond })
	var rest, flooded []time.Duration
	end := func() time.Duration {
		reply, err := f.slack.Slash(b.Context(), slacksim.DemoApproverID, slacksim.DemoChannelID, "/jit", "revoke g-22222 in a hurry")
		if err != nil {
			b.Error(err)
		}
		return reply.Took
	}
	for b.Loop() {
		rest = append(rest, end())
		var wg sync.WaitGroup
		for i := range 50 {
			for _, line := range []string{fmt.Sprintf("request web-1 22 1h from 203.0.113.%d for it", i+1), "list", "vms"} {
				wg.Go(func() { _, _ = f.slack.Slash(b.Context(), engineer(0), slacksim.DemoChannelID, "/jit", line) })
			}
			wg.Go(func() { _, _ = f.slack.OpenHome(b.Context(), engineer(0)) })
		}
		flooded = append(flooded, end())
		wg.Wait()
	}
	slices.Sort(rest)
	slices.Sort(flooded)
	worst := flooded[len(flooded)-1]
	b.ReportMetric(float64(worst.Microseconds())/1000, "worst-ms/ack")
	b.ReportMetric(float64(worst)/float64(rest[len(rest)/2]), "worst-x/rest")
	b.ReportMetric(0, "ns/op")
}
