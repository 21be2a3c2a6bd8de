package decide_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
)

// What done without a grant comes to, by what the requester has: the states of their
// grants, who types it, what is read, and the states after it.
const matrixDone = `
asked                  requester nothing  asked
pending                requester nothing  pending
denied,closed          requester nothing  denied,closed
closing                requester nothing  closing
opening                requester yes      closing
open                   requester yes      closing
asked,pending,open     requester yes      asked,pending,closing
closing,closed,opening requester yes      closing,closed,closing
open,open              requester several  open,open
opening,open,pending   requester several  opening,open,pending
open                   approver  nothing  open
open                   admin     nothing  open
open                   other     nothing  open
open                   guest     members  open
open                   bot       members  open
open                   gone      members  open
open                   stranger  members  open
open                   elsewhere another  open
`

func TestMatrixOfDoneWithoutAGrant(t *testing.T) {
	t.Parallel()
	says := reads()
	says["nothing"], says["several"], says["yes"] = "You have no access that is open", "name one, as in `/jit done g-", "You ended"
	for line := range strings.Lines(matrixDone) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		t.Run(words[0]+" "+words[1], func(t *testing.T) {
			s := newSlackBot(t)
			var put []jit.Grant
			for state := range strings.SplitSeq(words[0], ",") {
				put = append(put, s.put(jit.State(state)))
			}
			said := s.typed(kinds()[words[1]], "done")
			if !strings.Contains(said, says[words[2]]) {
				t.Errorf("read %q, want %q", said, says[words[2]])
			}
			var after []string
			for _, g := range put {
				now, err := s.store.Grant(s.ctx, g.ID)
				if err != nil {
					t.Fatal(err)
				}
				if words[2] == "several" && (g.State == jit.Open || g.State == jit.Opening) != strings.Contains(said, string(g.ID)) {
					t.Errorf("%s is %s, and it says %q", g.ID, g.State, said)
				}
				after = append(after, string(now.State))
			}
			if want := strings.Split(words[3], ","); !slices.Equal(after, want) {
				t.Errorf("they are %v, want %v", after, want)
			}
		})
	}
}

// Done without a grant that is carried out again after a crash ends nothing else.
func TestDoneWithoutAGrantAgain(t *testing.T) {
	s := newSlackBot(t)
	first := s.put(jit.Open)
	typed := time.Now()
	if g, err := s.service.DoneOnly(s.ctx, ada, typed); err != nil || g.ID != first.ID || g.State != jit.Closing {
		t.Fatalf("%s is %s (%v)", g.ID, g.State, err)
	}
	second := s.put(jit.Open)
	if _, err := s.service.DoneOnly(s.ctx, ada, typed); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("again it says %v", err)
	}
	third, both := s.put(jit.Opening), time.Now()
	if _, err := s.service.Done(s.ctx, ada, second.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.service.DoneOnly(s.ctx, ada, both); err == nil || !strings.Contains(err.Error(), string(third.ID)) {
		t.Errorf("after one of two has ended it says %v", err)
	}
	if g, err := s.store.Grant(s.ctx, third.ID); err != nil || g.State != jit.Opening {
		t.Errorf("%s is %s (%v)", g.ID, g.State, err)
	}
}

// command types what the button does.
func (s *slackBot) command(by jit.UserID, action string, id jit.ID) string {
	s.t.Helper()
	line := action + " " + string(id)
	if action == "deny" {
		line += " no"
	}
	if action == "move" {
		line += " 198.51.100.9"
	}
	return s.typed(by, line)
}
