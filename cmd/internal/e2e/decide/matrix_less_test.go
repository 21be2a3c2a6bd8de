package decide_test

import (
	"strings"

	"jitbot/bot/slacksim"
	"jitbot/jit"
)

// pressLess opens the form by which less is approved, sends half an hour, and returns what
// is read.
func (s *slackBot) pressLess(by jit.UserID, id string) string {
	s.t.Helper()
	user, before := string(by), len(s.sim.DMs(string(by)))
	if _, err := s.sim.ClickRaw(s.ctx, user, channel, s.buttons.TS, "approve_less", slacksim.Raw{Value: &id, Force: true}); err != nil {
		s.t.Fatalf("%s approves less: %v", by, err)
	}
	text, form := "", ""
	s.until(user+" sees something", func(n *slacksim.Snapshot) bool {
		for _, m := range n.Ephemerals(user) {
			text = m.Text
		}
		for _, v := range n.Views(user) {
			if v.Submit != "" {
				form = v.ID
			} else if said := v.AllText(); !strings.Contains(said, "Loading") {
				text = said
			}
		}
		return text != "" || form != ""
	})
	if form == "" {
		return text
	}
	values := slacksim.Values{"duration": "30m", "ports": "ssh", "source": "203.0.113.7"}
	if _, err := s.sim.SubmitRaw(s.ctx, user, form, values, slacksim.Raw{Force: true}); err != nil {
		s.t.Fatalf("%s approves less: %v", by, err)
	}
	return s.direct(user, before)
}
