package view

import (
	"fmt"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"jitbot/jit/lookup"
	"jitbot/jit/parse"
	"jitbot/jit/text"
)

// Limits are the shortest and the longest time that all ports which are ticked may be
// asked for, of any port where none is.
func (d RequestDraft) Limits(o lookup.Offer) (shortest, longest time.Duration) {
	shortest, longest = o.Shortest, o.Longest
	first := true
	for _, value := range d.Ports {
		pp, _, ok := FindPortOption(value, o)
		if !ok {
			continue
		}
		if first {
			shortest, longest, first = pp.Shortest, pp.Longest, false
		}
		shortest, longest = max(shortest, pp.Shortest), min(longest, pp.Longest)
	}
	return shortest, longest
}

// usualDurations are offered beside free text.
func usualDurations() []time.Duration {
	return []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 24 * time.Hour}
}

// durationInputs are a menu of usual durations and a text that counts before it. What
// was typed stands in the menu where that has it.
func durationInputs(d RequestDraft, o lookup.Offer) []slack.Block {
	shortest, longest := d.Limits(o)
	known := len(o.Ports) > 0
	all := slices.DeleteFunc(usualDurations(), func(u time.Duration) bool { return known && (u < shortest || u > longest) })
	if known && longest > 0 && !slices.Contains(all, longest) {
		all = append(all, longest)
	}
	usual, written := d.Usual, d.Duration
	if typed, err := parse.Duration(written); err == nil && usual == "" && slices.Contains(all, typed) {
		usual, written = text.Duration(typed), ""
	}
	if chosen, err := parse.Duration(usual); err == nil && !slices.Contains(all, chosen) {
		all = append(all, chosen) // Slack keeps what is chosen
	}
	slices.Sort(all)
	menu := slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plain("Choose"), InputUsual)
	menu.FocusOnLoad = d.Focus == InputDuration
	for _, u := range all {
		option := slack.NewOptionBlockObject(text.Duration(u), plain(text.Duration(u)), nil)
		menu.Options = append(menu.Options, option)
		if option.Value == usual {
			menu.InitialOption = option
		}
	}
	choice := slack.NewInputBlock(InputUsual, plain("How long"), nil, menu)
	choice.Optional, choice.DispatchAction = true, true

	hint := "Such as 45m or 1h30m; what is written here counts."
	if known {
		hint = fmt.Sprintf("Between %s and %s, such as 45m or 1h30m; what is written here counts.",
			text.Duration(shortest), text.Duration(longest))
	}
	id := InputDuration
	if d.DurationAgain {
		id = BlockDurationAgain
	}
	free := slack.NewInputBlock(id, plain("Or another duration"), plain(hint), textInput(InputDuration, written, 20))
	free.Optional, free.DispatchAction = true, true
	return []slack.Block{choice, free}
}
