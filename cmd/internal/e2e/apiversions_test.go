package e2e_test

import (
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
)

// In a government cloud that is two years behind a whole life works in the versions
// that Azure is found to serve, and not one is opened in those that it does not.
func TestLifeInACloudThatIsBehind(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Azure.ServeVersions("Microsoft.Network", "2022-09-01", "2023-09-01")
		w.Azure.ServeVersions("Microsoft.Compute", "2023-03-01", "2023-07-01")
		versions := map[string]string{}
		for _, s := range w.Client.ServedVersions(t.Context()) {
			versions[s.Key] = s.Works
		}
		w.Start()
		if g, err := w.Ask(ada, time.Hour, "web-1"); err == nil {
			t.Errorf("it takes a request: %s is %s", g.ID, g.State)
		}
		w.Stop()
		w.Client = w.Connect(func(c *azure.Config) {
			c.APIVersions = azure.APIVersions{Network: versions["network"], Compute: versions["compute"], Authorization: versions["authorization"]}
		})
		foreign := w.Foreign()
		w.Start()
		g := w.Open(time.Hour, "web-1")
		if !w.Reachable(azuresim.DemoWeb1, "203.0.113.7") {
			t.Error("the grant is open, but the port is not")
		}
		w.Pass(time.Until(g.Clock.Deadline) + 20*time.Second)
		w.Want(g.ID, jit.Closed)
		if w.Ours() != 0 || w.Reachable(azuresim.DemoWeb1, "203.0.113.7") {
			t.Error("the access is still open")
		}
		w.CheckPromises(foreign)
	})
}
