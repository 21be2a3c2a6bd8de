package decide_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/policies"
	"jitbot/jit/schedule"
)

func hours(t *testing.T, text string) schedule.Hours {
	t.Helper()
	h, ok := schedule.ParseHours(text)
	if !ok {
		t.Fatalf("no hours: %s", text)
	}
	return h
}

// All that is set must hold; else approvers are asked as ever. The bubble begins on a
// Saturday, at midnight in UTC.
func TestAutomaticApproval(t *testing.T) {
	tests := []struct {
		name string
		auto func(*testing.T) policies.Auto
		want bool
		says string
	}{
		{"nothing is set", func(*testing.T) policies.Auto { return policies.Auto{} }, false, ""},
		{"within the hours", func(t *testing.T) policies.Auto { return policies.Auto{Hours: hours(t, "Sat 00:00-06:00")} }, true, "within Sat 00:00-06:00"},
		{"outside the hours", func(t *testing.T) policies.Auto { return policies.Auto{Hours: hours(t, "Mon-Fri 00:00-24:00")} }, false, ""},
		{
			"within the hours of elsewhere",
			func(t *testing.T) policies.Auto {
				return policies.Auto{Hours: hours(t, "Fri 16:00-20:00 America/New_York")}
			}, true, "America/New_York",
		},
		{"on call", func(*testing.T) policies.Auto { return policies.Auto{OnCall: "S0ONCALL"} }, true, "somebody in S0ONCALL"},
		{"not on call", func(*testing.T) policies.Auto { return policies.Auto{OnCall: group} }, false, ""},
		{"on call in a group that is gone", func(*testing.T) policies.Auto { return policies.Auto{OnCall: "S0NOBODY"} }, false, ""},
		{"the first of a day", func(*testing.T) policies.Auto { return policies.Auto{PerDay: 1} }, true, "number 1 of 1"},
		{
			"all of it", func(t *testing.T) policies.Auto {
				return policies.Auto{PerDay: 2, Hours: hours(t, "Sat 00:00-06:00"), OnCall: "S0ONCALL"}
			}, true, "within Sat 00:00-06:00, for somebody in S0ONCALL, number 1 of 2 that day",
		},
		{
			"all but one of it", func(t *testing.T) policies.Auto {
				return policies.Auto{PerDay: 2, Hours: hours(t, "Sat 00:00-06:00"), OnCall: group}
			}, false, "",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Groups["S0ONCALL"] = []jit.UserID{ada, bob}
				w.With(func(c *policies.Config) {
					c.Approvals = []policies.ApprovalRule{{Approvers: []string{group}, Required: 2, PendingFor: time.Hour, Auto: tt.auto(t)}}
				})
				w.Start()
				g, err := w.Ask(ada, time.Hour, "web-1")
				if err != nil {
					t.Fatal(err)
				}
				if !tt.want {
					if w.Want(g.ID, jit.Pending).Auto != (jit.Auto{}) {
						t.Errorf("it says %s", g.Auto)
					}
					return
				}
				w.Pass(20 * time.Second)
				if open := w.Want(g.ID, jit.Open); !strings.Contains(open.Auto.String(), tt.says) || len(open.Approvals) > 0 {
					t.Errorf("it says %q, want %q", open.Auto, tt.says)
				}
			})
		})
	}
}

// What is counted is counted by person, entry and day, and outlives a restart.
func TestAutomaticApprovalsOfADay(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.With(func(c *policies.Config) {
			auto := policies.Auto{PerDay: 2}
			c.Approvals = []policies.ApprovalRule{
				{Match: policies.Match{Name: "dev-*"}, Approvers: []string{group}, Required: 1, PendingFor: time.Hour, Auto: auto},
				{Approvers: []string{group}, Required: 1, PendingFor: time.Hour, Auto: auto},
			}
		})
		w.Start()
		var got []jit.State
		ask := func(vm string) {
			t.Helper()
			g, err := w.Ask(ada, 10*time.Minute, vm)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, g.State)
			if g.State == jit.Opening {
				w.Pass(20 * time.Second)
			}
			end := w.Service.Done
			if g.State == jit.Pending {
				end = w.Service.Cancel
			}
			if _, err := end(t.Context(), ada, g.ID); err != nil {
				t.Fatal(err)
			}
			w.Pass(20 * time.Second)
		}
		ask("web-1")
		w.Stop()
		w.Start()
		w.Pass(2 * time.Second)
		ask("web-1")
		ask("web-1") // the third of the day
		ask("dev-1") // of another entry
		w.Stop()
		w.Pass(24 * time.Hour)
		w.Start()
		w.Pass(2 * time.Second)
		ask("web-1") // of another day
		want := []jit.State{jit.Opening, jit.Opening, jit.Pending, jit.Opening, jit.Opening}
		if !slices.Equal(got, want) {
			t.Errorf("asked for they are %v, want %v", got, want)
		}
	})
}
