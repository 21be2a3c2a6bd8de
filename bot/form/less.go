package form

import (
	"encoding/json"
	"strings"

	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/parse"
	"jitbot/jit/text"
)

// ReadLess reads the form by which less than is asked for is approved: what was typed, how
// much it means, and what is wrong with it by itself.
func ReadLess(i Interaction) (view.Less, jit.Extent, Errors) {
	var of view.LessOf
	errs := Errors{}
	if json.Unmarshal([]byte(i.View.Metadata), &of) != nil || !of.ID.Valid() {
		errs.add(view.InputDuration, "This form names no grant; close it and press the button again.")
		return view.Less{}, jit.Extent{}, errs
	}
	typed := view.Less{ID: of.ID}
	for block, to := range map[string]*string{
		view.InputDuration: &typed.Duration, view.InputPorts: &typed.Ports, view.InputSource: &typed.Sources,
	} {
		*to = i.input(block, block).Value
	}
	var less jit.Extent
	var err error
	if less.Duration, err = parse.Duration(text.Clean(typed.Duration)); err != nil {
		errs.Refuse(view.InputDuration, err)
	}
	if less.Ports, err = parse.Ports(strings.Join(listed(typed.Ports), ",")); err != nil {
		errs.Refuse(view.InputPorts, err)
	}
	for _, word := range listed(typed.Sources) {
		s, err := parse.Source(view.Clip(word, view.MaxOptionText))
		if err != nil {
			errs.Refuse(view.InputSource, err)
			continue
		}
		less.Sources = append(less.Sources, s)
	}
	if len(listed(typed.Sources)) == 0 {
		errs.add(view.InputSource, "Write an address, or deny the request.")
	}
	if of.Asked.Duration > 0 {
		widened(less, of.Asked, errs)
	}
	return typed, less, errs
}

// listed are the words of a list, with commas or blanks between.
func listed(typed string) []string {
	return strings.FieldsFunc(parse.Fold(text.Clean(view.Clip(typed, view.MaxInput))), func(r rune) bool { return r == ',' || r == ' ' })
}

// widened says at each input what is more than was asked for.
func widened(less, asked jit.Extent, errs Errors) {
	for block, part := range map[string]jit.Extent{
		view.InputDuration: {Duration: less.Duration}, view.InputPorts: {Ports: less.Ports}, view.InputSource: {Sources: less.Sources},
	} {
		if more := part.Wider(asked); more != "" {
			errs.add(block, text.Capital(more)+" is more than is asked for.")
		}
	}
}
