package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// An approved access that Azure's throttling holds up for an hour is not "opening"
// without a word.
func TestThrottledOpeningIsSaid(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g, err := w.Ask(ada, time.Hour, "dev-1")
		if err != nil {
			t.Fatal(err)
		}
		slow := w.Azure.AddFault(azuresim.Fault{Method: http.MethodGet, Path: azuresim.DemoDev1, Latency: 5 * time.Second})
		if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
			t.Fatal(err)
		}
		slow.Remove()
		w.Azure.SetSubscriptionHealth(azuresim.DemoSubscription, azuresim.OutOfRequests)
		w.Pass(20 * time.Minute)
		kinds := w.Kinds(g.ID)
		if now := w.Grant(g.ID); now.State == jit.Opening && now.Waiting == "" && kinds[len(kinds)-1] == jit.EventApproved {
			t.Errorf("it is opening for 20 minutes and nothing was said: %v", kinds)
		}
	})
}
