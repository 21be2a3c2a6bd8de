package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// slowIn makes writes of rules in the group take longer than elsewhere.
func slowIn(nsg string, takes time.Duration) azuresim.Fault {
	return azuresim.Fault{OperationTime: takes, Match: func(r *http.Request) bool {
		return r.Method == http.MethodPut && strings.HasPrefix(strings.ToLower(r.URL.Path), strings.ToLower(nsg)+"/securityrules/")
	}}
}

// One of two rules is there and agreed; while the other is written, somebody
// removes it. Open is said of what is in force in all groups at one moment, which
// the notifier of the world checks at each claim.
func TestOpenIsOneReadingOfAllGuards(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		fault := w.Azure.AddFault(slowIn(azuresim.DemoWebSubnetNSG, 12*time.Second))
		g, err := w.Ask(ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.Approve(t.Context(), grace, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(8 * time.Second)
		if !w.Grant(g.ID).ConfirmedAt(azuresim.DemoWebNICNSG) {
			t.Fatal("the first rule is not agreed yet")
		}
		if err := w.Azure.DeleteRule(azuresim.DemoWebNICNSG, w.OursIn(azuresim.DemoWebNICNSG).Name); err != nil {
			t.Fatal(err)
		}
		for range 30 {
			w.Pass(time.Second)
			if w.Grant(g.ID).State == jit.Open {
				break
			}
		}
		w.Want(g.ID, jit.Open)
		if !w.Reachable(azuresim.DemoWeb1, "203.0.113.7") {
			t.Error("open, and its holder does not get in")
		}
		fault.Remove()
		w.Pass(2 * time.Hour)
		w.Want(g.ID, jit.Closed)
		w.CheckPromises(foreign)
	})
}

// One of two rules is gone and agreed; while the other is removed, somebody puts
// the first one back, as a tool does that restores what it saw.
func TestClosedIsOneReadingOfAllGuards(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		g := w.Open(time.Hour, "web-1")
		rule := w.OursIn(azuresim.DemoWebNICNSG)
		w.Azure.AddFault(azuresim.Fault{OperationTime: 12 * time.Second}.On(http.MethodDelete, azuresim.DemoWebSubnetNSG))
		if _, err := w.Service.Done(t.Context(), ada, g.ID); err != nil {
			t.Fatal(err)
		}
		w.Pass(12 * time.Second)
		if !w.Grant(g.ID).ConfirmedAt(azuresim.DemoWebNICNSG) {
			t.Fatal("the first rule is not agreed gone yet")
		}
		if err := w.Azure.PutRule(azuresim.DemoWebNICNSG, rule); err != nil {
			t.Fatal(err)
		}
		for range 30 {
			w.Pass(time.Second)
			if w.Grant(g.ID).State == jit.Closed {
				break
			}
		}
		w.Want(g.ID, jit.Closed)
		if n := w.Ours(); n != 0 {
			t.Errorf("closed, and %d rules are there", n)
		}
		w.CheckPromises(foreign)
	})
}

// Protected is said when the denies are in force in all groups at one moment.
func TestProtectedIsOneReadingOfAllGuards(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Azure.AddFault(slowIn(azuresim.DemoWebSubnetNSG, 12*time.Second))
		if _, err := w.Service.Protect(t.Context(), carol, []string{"web-1"}, nil); err != nil {
			t.Fatal(err)
		}
		w.Pass(8 * time.Second)
		edited := w.OursIn(azuresim.DemoWebNICNSG)
		edited.SourceAddressPrefix = "192.0.2.1"
		if err := w.Azure.PutRule(azuresim.DemoWebNICNSG, edited); err != nil {
			t.Fatal(err)
		}
		said := false
		for range 30 {
			w.Pass(time.Second)
			if said = w.Told.Has("protected to"); said {
				break
			}
		}
		denies := 0
		for _, nsg := range []string{azuresim.DemoWebNICNSG, azuresim.DemoWebSubnetNSG} {
			for _, r := range w.Azure.Rules(nsg) {
				if simulated.IsOurs(r.Name) && r.SourceAddressPrefix == "*" {
					denies++
				}
			}
		}
		if !said || denies != 2 {
			t.Errorf("protected was said: %t, and %d denies of 2 are there", said, denies)
		}
	})
}
