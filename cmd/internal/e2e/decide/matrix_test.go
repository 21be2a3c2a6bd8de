package decide_test

import (
	"slices"
	"strings"
	"testing"

	"jitbot/jit"
)

// The people of the matrix, beside those of the world.
const (
	robot     = jit.UserID("U0ROBOT")
	gone      = jit.UserID("U0GONE")
	stranger  = jit.UserID("U0STRANGER")
	elsewhere = jit.UserID("U0ELSEWHERE") // of another workspace
	channel   = "C0TEAM"
)

func kinds() map[string]jit.UserID {
	return map[string]jit.UserID{
		"requester": ada, "approver": grace, "admin": carol, "other": bob, "guest": guest,
		"bot": robot, "gone": gone, "stranger": stranger, "elsewhere": elsewhere,
	}
}

// reads is what somebody reads, by the outcome's name in the tables. "yes" is
// said of each action by itself.
func reads() map[string]string {
	return map[string]string{
		"checking": "is still being checked", "waiting": "is still waiting for approval", "decided": "was already ",
		"approved": "was already approved by <@U0ALAN>", "ended": "already ended", "own": "yourself, so somebody else must decide",
		"none": "is no approver of", "claimed": "You are on SSH to `web-1`", "maynot": "may not revoke", "deny": "deny it on its card", "theirs": "belongs to <@U0ADA>",
		"unopen":  "is not open yet, so there is nothing to move",
		"members": "only full members of this workspace", "another": "serves another workspace", "nothing": "",
	}
}

// The states are asked, refused, pending, denied, lapsed, cancelled, opening,
// open, closing, closed. Where nothing is said of the others, no state makes a
// difference.
const matrix = `
approve requester checking decided own     decided decided decided approved approved ended ended
approve approver  checking decided yes     decided decided decided approved approved ended ended
approve admin     checking decided none    decided decided decided approved approved ended ended
approve other     checking decided none    decided decided decided approved approved ended ended
deny    requester checking decided own     decided decided decided approved approved ended ended
deny    approver  checking decided yes     decided decided decided approved approved ended ended
deny    admin     checking decided none    decided decided decided approved approved ended ended
deny    other     checking decided none    decided decided decided approved approved ended ended
revoke  requester maynot   maynot  maynot  maynot  maynot  maynot  maynot   maynot   maynot maynot
revoke  approver  checking decided deny    decided decided decided yes      yes      ended ended
revoke  admin     checking decided deny    decided decided decided yes      yes      ended ended
revoke  other     maynot   maynot  maynot  maynot  maynot  maynot  maynot   maynot   maynot maynot
done    requester checking decided waiting decided decided decided yes      yes      ended ended
done    approver  theirs   theirs  theirs  theirs  theirs  theirs  theirs   theirs   theirs theirs
done    admin     theirs   theirs  theirs  theirs  theirs  theirs  theirs   theirs   theirs theirs
done    other     theirs   theirs  theirs  theirs  theirs  theirs  theirs   theirs   theirs theirs
cancel  requester yes      decided yes     decided decided decided approved approved ended ended
cancel  approver  theirs   theirs  theirs  theirs  theirs  theirs  theirs   theirs   theirs theirs
cancel  admin     theirs   theirs  theirs  theirs  theirs  theirs  theirs   theirs   theirs theirs
cancel  other     theirs   theirs  theirs  theirs  theirs  theirs  theirs   theirs   theirs theirs
less    requester checking decided own     decided decided decided approved approved ended ended
less    approver  checking decided yes     decided decided decided approved approved ended ended
less    admin     checking decided none    decided decided decided approved approved ended ended
less    other     checking decided none    decided decided decided approved approved ended ended
claim   requester checking decided own     decided decided decided approved approved ended ended
claim   approver  checking decided claimed decided decided decided approved approved ended ended
claim   admin     checking decided none    decided decided decided approved approved ended ended
claim   other     checking decided none    decided decided decided approved approved ended ended
move    requester unopen   decided unopen  decided decided decided unopen   yes      ended ended
move    approver  theirs   theirs  theirs  theirs  theirs  theirs  theirs   theirs   theirs theirs
move    admin     theirs   theirs  theirs  theirs  theirs  theirs  theirs   theirs   theirs theirs
move    other     theirs   theirs  theirs  theirs  theirs  theirs  theirs   theirs   theirs theirs
*       guest     members  members members members members members members  members  members members
*       bot       members  members members members members members members  members  members members
*       gone      members  members members members members members members  members  members members
*       stranger  members  members members members members members members  members  members members
*       elsewhere another  another another another another another another  another  another another
`

// done is what an action makes of a grant, and what is said of it.
func done() map[string]struct {
	state jit.State
	says  string
} {
	return map[string]struct {
		state jit.State
		says  string
	}{
		"approve": {jit.Opening, "You approved"}, "less": {jit.Opening, "for 30 min, for <@U0ADA>"}, "deny": {jit.Denied, "You denied"}, "revoke": {jit.Closing, "You revoked"},
		"move": {jit.Open, "is being moved to `198.51.100.9`"}, "done": {jit.Closing, "You ended"}, "cancel": {jit.Cancelled, "You withdrew"},
	}
}

func buttonsOfMatrix() []string {
	return []string{"approve", "less", "claim", "deny", "revoke", "done", "cancel"}
}

// Every button and every command that changes a grant, by every kind of
// person, in every state.
func TestMatrixOfChanges(t *testing.T) {
	s := newSlackBot(t)
	for line := range strings.Lines(matrix) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		actions := []string{words[0]}
		if words[0] == "*" {
			actions = append(buttonsOfMatrix(), "move")
		}
		for _, action := range actions {
			for i, state := range jit.States() {
				if action != "move" { // there is a command alone
					s.cell(words[1], action, state, words[2+i], s.press)
				}
				if action != "claim" && action != "less" { // there is a button alone
					s.cell(words[1], action, state, words[2+i], s.command)
				}
			}
		}
	}
	if err := s.store.Verify(s.ctx); err != nil {
		t.Error(err)
	}
}

// unreachable is who takes no direct messages.
func unreachable(id jit.UserID) bool { return id == gone || id == robot }

// cell does one thing and holds it against the table.
func (s *slackBot) cell(kind, action string, state jit.State, outcome string, do func(by jit.UserID, action string, id jit.ID) string) {
	s.t.Helper()
	by, g := kinds()[kind], s.put(state)
	want, after := reads()[outcome], state
	if outcome == "yes" {
		want, after = done()[action].says, done()[action].state
	}
	got := do(by, action, g.ID)
	if unreachable(by) && action == "deny" && got == "" {
		want = "" // the answer to a form is a direct message
	}
	if !strings.Contains(got, want) || want == "" && got != "" {
		s.t.Errorf("%s of a grant that is %s by %s: read %q, want %q", action, state, kind, got, want)
	}
	now, err := s.store.Grant(s.ctx, g.ID)
	if err != nil || now.State != after {
		s.t.Errorf("%s of a grant that is %s by %s: it is %s (%v), want %s", action, state, kind, now.State, err, after)
	}
}

// The ways in that need no grant, by every kind of person.
const entries = `
help      requester help      approver help      admin help      other help    guest help    bot help    gone help    stranger help    elsewhere another
list      requester list      approver list      admin list      other list    guest members bot members gone members stranger members elsewhere another
listall   requester list      approver list      admin list      other list    guest members bot members gone members stranger members elsewhere another
request   requester pending   approver lacks     admin pending   other lacks   guest members bot members gone members stranger members elsewhere another
form      requester form      approver form      admin form      other form    guest members bot members gone members stranger members elsewhere another
typed     requester form      approver form      admin form      other unseen  guest members bot members gone members stranger members elsewhere another
shortcut  requester form      approver form      admin form      other form    guest members bot nothing gone nothing stranger members elsewhere nothing
mention   requester button    approver button    admin button    other button  guest members bot members gone nothing stranger members elsewhere nothing
home      requester home      approver home      admin home      other home    guest members bot members gone nothing stranger members elsewhere nothing
`

func TestMatrixOfEntries(t *testing.T) {
	s := newSlackBot(t)
	says := reads()
	says["help"], says["list"], says["pending"], says["lacks"] = "asks for access", "You have no live grants", "waits for approval", "no role of yours allows it"
	says["unseen"] = "Request access\nThere is no VM called web-1 that you may see"
	says["form"], says["button"], says["home"] = "Request access\nVM", "press *Request access*", "My waiting requests"
	for line := range strings.Lines(entries) {
		words := strings.Fields(line)
		for i := 1; i+1 < len(words); i += 2 {
			got, want := s.enter(kinds()[words[i]], words[0]), says[words[i+1]]
			if words[0] == "listall" && words[i+1] == "list" {
				want = "no live grants"
			}
			if !strings.Contains(got, want) || want == "" && got != "" {
				t.Errorf("%s by %s: read %q, want %q", words[0], words[i], got, want)
			}
		}
	}
}

// Of all the states, a card names the grants whose rules may stand, and a Home
// tab what is one's own or waits for one's decision.
func TestNeighboursAndConcerns(t *testing.T) {
	s := newSlackBot(t)
	put := map[jit.State]jit.Grant{}
	for _, state := range jit.States() {
		put[state] = s.put(state)
	}
	ids := func(states ...jit.State) []jit.ID {
		var out []jit.ID
		for _, state := range states {
			out = append(out, put[state].ID)
		}
		slices.Sort(out)
		return out
	}
	others, err := s.service.Others(s.ctx, put[jit.Open])
	var got []jit.ID
	for _, g := range others {
		got = append(got, g.ID)
	}
	slices.Sort(got)
	if want := ids(jit.Opening, jit.Closing); err != nil || !slices.Equal(got, want) {
		t.Errorf("beside it are %v (%v), want %v", got, err, want)
	}
	for kind, want := range map[string][]jit.ID{
		"requester": ids(jit.Asked, jit.Pending, jit.Opening, jit.Open, jit.Closing),
		"approver":  ids(jit.Pending), "admin": nil, "other": nil, "guest": nil, "gone": nil,
	} {
		all, err := s.service.Concerns(s.ctx, kinds()[kind])
		got = nil
		for _, l := range all {
			got = append(got, l.Grant.ID)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) || (err != nil) != (kind == "guest" || kind == "gone") {
			t.Errorf("%s is concerned by %v (%v), want %v", kind, got, err, want)
		}
	}
}
