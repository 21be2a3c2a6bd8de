package protect_test

import (
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

func alwaysSSH(name string) azuresim.AdminRule {
	return azuresim.AdminRule{Name: name, Access: "AlwaysAllow", Priority: 10, Sources: []string{"*"}, Ports: []string{"22"}}
}

// An AlwaysAllow that comes after a VM was protected is told to the channel: once, and
// once more when it goes on after it came and went. That it cannot be read is no
// reason to say that the VM is shut again.
func TestAlwaysAllowAppearsAtAProtectedVM(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Protect("dev-1")
		want := func(when string, n int, last string) {
			t.Helper()
			said := w.Texts(jit.EventExposed)
			if len(said) != n || w.Told.Count("exposed to channel") != n || n > 0 && (last == "") != (said[n-1] == "") || n > 0 && !strings.Contains(said[n-1], last) {
				t.Fatalf("%s it was said %q, want %d, the last with %q", when, said, n, last)
			}
		}
		w.Pass(3 * time.Minute)
		want("before", 0, "")
		w.Azure.SetAdminRules(devNetwork, alwaysSSH("monitoring"))
		w.Pass(2 * time.Minute)
		want("when it appeared", 1, "monitoring (priority 10)")
		for range 3 { // it comes and goes
			w.Azure.SetAdminRules(devNetwork)
			w.Pass(2 * time.Minute)
			w.Azure.SetAdminRules(devNetwork, alwaysSSH("monitoring"))
			w.Pass(time.Minute)
		}
		want("within ten minutes", 1, "monitoring")
		w.Stop()
		w.Start()
		w.Pass(3 * time.Minute)
		want("after a restart", 1, "monitoring")

		fault := azuresim.Broken(500)
		fault.Path = adminRuleURL
		active := w.Azure.AddFault(fault)
		w.Pass(15 * time.Minute)
		want("while it cannot be read", 1, "monitoring")
		active.Remove()

		w.Azure.SetAdminRules(devNetwork)
		w.Pass(15 * time.Minute)
		want("when it is gone", 2, "")
		w.Azure.SetAdminRules(devNetwork, alwaysSSH("other"))
		w.Pass(2 * time.Minute)
		want("when another appears", 3, "other (priority 10)")
	})
}

// A grant that ends where an AlwaysAllow came is not told as if the port were shut.
func TestAlwaysAllowWhereAGrantCloses(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(20*time.Minute, "dev-1")
		w.Azure.SetAdminRules(devNetwork, alwaysSSH("monitoring"))
		w.Pass(time.Until(g.Clock.Deadline) + 20*time.Second)
		g = w.Want(g.ID, jit.Closed)
		if !strings.Contains(g.StillOpen, "monitoring (priority 10) at dev-1") {
			t.Errorf("closed with %q", g.StillOpen)
		}
		if said := w.Texts(jit.EventClosed); len(said) != 1 || said[0] != g.StillOpen {
			t.Errorf("the record says %q", said)
		}
		other := w.Open(20*time.Minute, "web-1")
		w.Pass(time.Until(other.Clock.Deadline) + 20*time.Second)
		if other = w.Want(other.ID, jit.Closed); other.StillOpen != "" {
			t.Errorf("in another network: %q", other.StillOpen)
		}
	})
}
