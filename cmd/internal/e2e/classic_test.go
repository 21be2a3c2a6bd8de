package e2e_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/reach"
)

// A classic VM is told of, and nothing else is done with it.
func TestClassicVM(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Azure.PutClassicVM(azuresim.ClassicVM{ID: azuresim.DemoWebGroup + "/providers/Microsoft.ClassicCompute/virtualMachines/old-1", Location: azuresim.DemoLocation})
		w.Config.Policies[0].Always, w.Config.Policies[0].Match = true, jit.Match{Name: "old-*"}
		w.Start()
		w.Pass(2 * time.Minute)
		postures, order := w.scan(carol)
		if p := postures["old-1"]; len(order) != 11 || p.Class != reach.ClassNotApplicable || !strings.Contains(p.Why, "classic deployment model") {
			t.Errorf("%v: %+v", order, p)
		}
		refused := func(what string, err error) {
			t.Helper()
			if !errors.Is(err, jit.ErrPolicy) || !strings.Contains(err.Error(), "migrate it to Resource Manager") {
				t.Errorf("%s: %v", what, err)
			}
		}
		_, err := w.Ask(ada, time.Hour, "old-1")
		refused("asking", err)
		_, err = w.Service.Offer(t.Context(), ada, []string{"prod-web/old-1"})
		refused("the form", err)
		_, err = w.Service.Explain(t.Context(), carol, "old-1", carol)
		refused("explaining", err)
		_, err = w.Service.Protect(t.Context(), carol, []string{"old-1"}, nil)
		refused("protecting", err)
		if found, err := w.Service.Search(t.Context(), ada, "old", 10); err != nil || len(found) > 0 {
			t.Errorf("the search offers %v, %v", found, err)
		}
		if lines, _, err := w.Service.VMs(t.Context(), carol, "", 100); err != nil || len(lines) != 10 {
			t.Errorf("%d lines, %v", len(lines), err)
		}
		if protections, err := w.Store.Protections(t.Context()); err != nil || len(protections) > 0 {
			t.Errorf("protected %v, %v", protections, err)
		}
	})
}
