package view

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/access"
	"jitbot/jit/reach"
	"jitbot/jit/resource"
	"jitbot/jit/text"
)

// Unprotecting is what the button of the question carries: the VMs that it was about, by
// resource id, and since when what it said was so.
type Unprotecting struct {
	IDs   []string `json:"v"`
	Asked int64    `json:"t"` // nanoseconds of Unix time
}

// UnprotectWithin is for how long what the question said is held to be so.
const UnprotectWithin = 10 * time.Minute

// At is when the question was asked.
func (u Unprotecting) At() time.Time { return time.Unix(0, u.Asked) }

// Pack is the button's value; false when it holds no more than a button may.
func (u Unprotecting) Pack() (string, bool) {
	raw, err := json.Marshal(u)
	return string(raw), err == nil && len(raw) <= maxButtonValue
}

// UnpackUnprotecting reads back what Pack made, which may have been altered: the error
// is a *jit.Refusal.
func UnpackUnprotecting(value string) (Unprotecting, error) {
	var u Unprotecting
	err := json.Unmarshal([]byte(value), &u)
	ok := err == nil && len(value) <= maxButtonValue && len(u.IDs) > 0 && u.Asked > 0
	for _, id := range u.IDs {
		ok = ok && id != "" && id == text.Clean(id) && !strings.HasPrefix(id, "tag:") // which may mean others by then
	}
	if !ok {
		return Unprotecting{}, jit.Refuse(jit.ErrInput, "This button says nothing, so nothing was unprotected; type /jit unprotect again.")
	}
	return u, nil
}

// UnprotectQuestion asks back before anything is unprotected: what of each VM becomes
// reachable, for whom, by whose rule, the worst first, above the button that does it.
func UnprotectQuestion(all []access.UnprotectEffect, at time.Time) Message {
	u := Unprotecting{Asked: at.UnixNano()}
	var names, open, shut, refused []string
	for _, e := range all {
		name := vmName(e.VM.Group, e.VM.Name, e.VM.Production())
		if e.Err != nil {
			refused = append(refused, cannotUnprotect(name, e.Err))
			continue
		}
		u.IDs, names = append(u.IDs, e.VM.ID), append(names, name)
		switch {
		case e.Gone:
			shut = append(shut, name+" does not exist in Azure any more, so nothing of it becomes reachable.")
		case len(e.Opens) == 0:
			shut = append(shut, name+" stays shut to the internet and to its virtual network by rules that are not jitbot's, as they are now.")
		default:
			open = append(open, opensText(name, e.Opens)...)
		}
	}
	value, fits := u.Pack()
	switch {
	case !fits:
		return Say("That names too many VMs at once, so nothing was unprotected; name fewer.")
	case len(all) == 0:
		return Say("That names no VM, so nothing was changed.")
	case len(names) == 0:
		return linesMessage(refused)
	}
	lines := append([]string{"⚠️ *Unprotect " + atMost(names, maxTargets) + "? Nothing is changed yet.*"}, open...)
	lines = append(append(lines, shut...), refused...)
	lines = append(lines, "If you press *Unprotect* within 10 minutes, jitbot's denies there are removed. To leave it as it is, do nothing.")
	m := linesMessage(lines)
	b := button(ActionUnprotect, jit.ID(value), "Unprotect", "Unprotect "+text.Count(len(names), "VM", "VMs")).WithStyle(slack.StyleDanger)
	m.Blocks = append(m.Blocks, buttons(b)...)
	return m
}

func cannotUnprotect(name string, err error) string {
	if errors.As(err, new(*jit.Refusal)) {
		why, _ := Refusal(err)
		return name + " was not changed: " + why
	}
	return name + " was not changed: what would become reachable could not be read. Try again in a minute."
}

const maxOpened = 8 // lines of one VM

// opensText says what opens of a VM, the internet first.
func opensText(name string, all []access.Opened) []string {
	var out []string
	for _, source := range []string{"Internet", "VirtualNetwork"} {
		for _, o := range all {
			if o.Source == source {
				out = append(out, "🔓 "+name+": "+openedText(o))
			}
		}
	}
	if more := len(out) - maxOpened; more > 0 {
		out = append(out[:maxOpened], "And "+text.Count(more, "more way", "more ways")+" into "+name+".")
	}
	return out
}

func openedText(o access.Opened) string {
	to := map[string]string{"Internet": "the internet", "VirtualNetwork": "its virtual network"}[o.Source]
	what := text.Capital(portWords([]jit.Ports{o.Ports}))
	switch o.Answer {
	case reach.AnswerAllow:
		what += " will be *open to " + to + "*"
	case reach.AnswerPartly:
		what += " will be *open to a part of " + to + "*"
	default:
		return what + " *may be open to " + to + "*: what decides it is not known; see `/jit explain`."
	}
	var names []string
	for _, r := range o.Rules {
		names = append(names, strings.TrimSuffix(Code(r.Rule)+" in "+Code(resource.GuardName(r.Group)), " in "))
	}
	switch {
	case o.Who != "":
		return what + ": " + prose(Clip(o.Who, 400))
	case len(names) > 0:
		what += ", by rule " + atMost(names, 3)
	}
	return what + "."
}
