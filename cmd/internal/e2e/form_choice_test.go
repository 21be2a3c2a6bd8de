package e2e_test

import (
	"testing"

	"jitbot/jit/policies"
)

// The form's menu says of a machine that it is off, and of one that nobody can ask for
// why, before it is chosen.
func TestTheMenuSaysWhatSpeaksAgainstAMachine(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Config.Policies = append([]policies.Policy{{Match: policies.Match{Name: "db-2"}}}, w.Config.Policies...)
		w.Config.Approvals[0].Match = policies.Match{Name: "[!z]*"}
		w.Start()
		for name, want := range map[string]struct{ power, why string }{
			"web-1": {"running", "nobody is named to approve it"},
			"db-2":  {"running", "no policy offers a port"},
			"db-3":  {"deallocated", "nobody is named to approve it"},
		} {
			found, err := w.Service.Choices(t.Context(), carol, name, 10)
			if err != nil || len(found) != 1 || found[0].VM.Power != want.power || found[0].Why != want.why {
				t.Errorf("%s: %+v, %v", name, found, err)
			}
		}
	})
}
