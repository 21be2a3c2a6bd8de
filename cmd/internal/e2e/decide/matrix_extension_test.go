package decide_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
)

// Who decides an extension that waits, by its buttons and by typing, and what is read.
const matrixOfExtensions = `
requester yourself
approver  yes
admin     none
other     none
guest     members
bot       members
gone      members
stranger  members
elsewhere another
`

func TestMatrixOfExtensions(t *testing.T) {
	s := newSlackBot(t)
	says := reads()
	says["yourself"] = "You asked to extend"
	for line := range strings.Lines(matrixOfExtensions) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		for _, yes := range []bool{true, false} {
			g, by := s.extending(), kinds()[words[0]]
			want, typed := says[words[1]], "approve"
			if !yes {
				typed = "deny"
			}
			if words[1] == "yes" {
				want = "more time of SSH to `web-1`"
			}
			if got := s.command(by, typed, g.ID); !strings.Contains(got, want) {
				t.Errorf("%s of an extension by %s: read %q, want %q", typed, words[0], got, want)
			}
			now, err := s.store.Grant(s.ctx, g.ID)
			if err != nil || now.State != jit.Open || now.Extension.Waiting() == (words[1] == "yes") || now.Extension.Underway() != (yes && words[1] == "yes") {
				t.Errorf("%s of an extension by %s: it is %+v (%v)", typed, words[0], now.Extension, err)
			}
		}
	}
}

// extending stores an open grant of Ada's of which an extension waits.
func (s *slackBot) extending() jit.Grant {
	s.t.Helper()
	g := s.put(jit.Open)
	g, err := s.store.Update(context.WithoutCancel(s.ctx), g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
		next, e, err := g.Extend(time.Hour, jit.ExtendTerms{Times: 2, Total: 6 * time.Hour}, 1, []string{group}, time.Now())
		return next, []jit.Event{e}, err
	})
	if err != nil {
		s.t.Fatal(fmt.Errorf("extending: %w", err))
	}
	return g
}
