package decide_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/admission"
)

// A request that too few could approve is refused with who cannot, and why.
func TestTooFewApproversAreNamedWithTheReason(t *testing.T) {
	for name, c := range map[string]struct {
		approvers []string
		required  int
		change    func(*world)
		want      []string
	}{
		"only who asks": {[]string{string(ada)}, 1, nil, []string{"1 approval is needed, and nobody could give one", "U0ADA asks, and cannot approve that too"}},
		"the group is gone": {
			[]string{"S0GONE", string(grace)},
			2, nil,
			[]string{"2 approvals are needed, and 1 person could give one", "the user group S0GONE is gone from Slack"},
		},
		"not tied to Entra": {
			[]string{string(simulated.Dave)},
			1, func(w *world) { w.SetMember(admission.Member{ID: simulated.Dave}) },
			[]string{"U0DAVE is not tied to an Entra user", "to tie them under users."},
		},
		"gone": {
			[]string{string(grace)},
			1, func(w *world) { w.SetMember(admission.Member{ID: grace, Gone: true}) },
			[]string{"U0GRACE is a deactivated account"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Config.Approvals[0].Approvers, w.Config.Approvals[0].Required = c.approvers, c.required
				if c.change != nil {
					c.change(w)
				}
				w.Start()
				_, err := w.Ask(ada, time.Hour, "web-1")
				if err == nil {
					t.Fatal("it was not refused")
				}
				for _, want := range c.want {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("said %q, without %q", err, want)
					}
				}
				if strings.Contains(err.Error(), "..") || strings.Contains(err.Error(), "ask a member") {
					t.Errorf("said %q", err)
				}
			})
		})
	}
}

// The channel is warned, once, of a group of the configuration that
// Slack does not know, and again when it was there in between.
func TestTheChannelIsWarnedOfWhoIsUnknown(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Config.Approvals[0].Approvers, w.Config.Approvals[0].Required = []string{"S0GONE", string(grace), string(alan)}, 2
		var texts []string
		w.Told.Claimed = func(n jit.Notice, _ jit.Grant) {
			if n.To == jit.ToChannel {
				texts = append(texts, string(n.Event.Kind)+": "+n.Event.Text)
			}
		}
		w.Start()
		for i := range 3 {
			if _, err := w.AskFrom(ada, time.Hour, fmt.Sprintf("203.0.113.%d/32", i+1), "web-1"); err != nil {
				t.Fatal(err)
			}
			w.Pass(3 * time.Minute)
		}
		want := []string{
			"missing: the user group S0GONE is gone or switched off, and counts as nobody",
		}
		for _, text := range want {
			if n := strings.Count(strings.Join(texts, "\n"), text); n != 1 {
				t.Errorf("%d times %q in %q", n, text, texts)
			}
		}
		w.Groups["S0GONE"] = []jit.UserID{grace}
		if _, err := w.AskFrom(ada, time.Hour, "203.0.113.20/32", "web-1"); err != nil {
			t.Fatal(err)
		}
		delete(w.Groups, "S0GONE")
		if _, err := w.AskFrom(ada, time.Hour, "203.0.113.21/32", "web-1"); err != nil {
			t.Fatal(err)
		}
		w.Pass(3 * time.Minute)
		if n := strings.Count(strings.Join(texts, "\n"), want[0]); n != 2 {
			t.Errorf("%d times after it was back: %q", n, texts)
		}
	})
}
