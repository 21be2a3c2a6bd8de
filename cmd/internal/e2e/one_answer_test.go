package e2e_test

import (
	"strings"
	"testing"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/policies"
)

// answerTo types a command and gives what is answered, when that is one message.
func (f *front) answerTo(by jit.UserID, line string) slacksim.Message {
	f.T.Helper()
	f.sim.Reload(string(by))
	f.types(by, line)
	f.Pass(5 * time.Second)
	all := f.sim.Ephemerals(string(by))
	if len(all) != 1 {
		f.T.Fatalf("/jit %s was answered %d times: %v", line, len(all), all)
	}
	return all[0]
}

// A typed request is answered once: where it was typed, and by no direct message that
// says the same.
func TestATypedRequestIsAnsweredOnce(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		only := w.Config.Approvals[0]
		only.Match, only.Approvers = policies.Match{Name: "dev-*"}, []string{string(ada)}
		w.Config.Approvals = append([]policies.ApprovalRule{only}, w.Config.Approvals...)
		var direct []jit.EventKind
		w.Told.Claimed = func(n jit.Notice, _ jit.Grant) {
			if n.To == jit.ToRequester {
				direct = append(direct, n.Event.Kind)
			}
		}
		w.Start()
		f := w.front()
		f.serve()
		m := f.answerTo(ada, "request dev-1 22 1h from 203.0.113.7 for the fix")
		if !strings.Contains(m.AllText(), "nobody could give one") {
			t.Errorf("answered %q", m.AllText())
		}
		m = f.answerTo(ada, "request web-1 22 1h from 203.0.113.7 for the fix")
		if !strings.Contains(m.Text, "waits for approval") || !strings.Contains(m.AllText(), "Withdraw request") {
			t.Errorf("answered %q", m.AllText())
		}
		f.Pass(time.Minute)
		if len(direct) > 0 {
			t.Errorf("beside the answers, %v was told", direct)
		}
	})
}

// What was typed is kept after a refusal: a button opens the form filled in with it.
func TestARefusedLineOpensTheFormFilledIn(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		f := w.front()
		f.serve()
		m := f.answerTo(ada, "request web-1 22 9h from 203.0.113.7 for the long fix")
		if !strings.Contains(m.AllText(), "Change") {
			t.Fatalf("answered %q", m.AllText())
		}
		if _, err := f.sim.Click(t.Context(), string(ada), m.Channel, m.TS, "Change"); err != nil {
			t.Fatal(err)
		}
		f.Pass(2 * time.Second)
		all := f.sim.Views(string(ada))
		if len(all) != 1 {
			t.Fatalf("%d forms", len(all))
		}
		for _, want := range []string{"web-1", "22/tcp", "203.0.113.7", "9h", "the long fix"} {
			if !strings.Contains(string(all[0].State), want) {
				t.Errorf("%s is not in %s", want, all[0].State)
			}
		}
		if errs := f.submits(ada, slacksim.Values{"duration": "1h"}); len(errs) > 0 {
			t.Fatal(errs)
		}
		f.Pass(5 * time.Second)
		grants, err := w.Store.Unfinished(t.Context())
		if err != nil || len(grants) != 1 || grants[0].Request.Duration != time.Hour || grants[0].Request.Reason != "the long fix" {
			t.Errorf("%+v, %v", grants, err)
		}
	})
}
