package bot_test

import (
	"strings"

	"jitbot/bot/slacksim"
)

// form waits for the form to be filled.
func (o *setup) form(user string) slacksim.View {
	o.t.Helper()
	var v slacksim.View
	o.until("the form is there", func(s *slacksim.Snapshot) bool {
		all := s.Views(user)
		if len(all) == 1 && all[0].Submit != "" {
			v = all[0]
			return true
		}
		return false
	})
	return v
}

// formWith waits until the form shows a text.
func (o *setup) formWith(user, text string) slacksim.View {
	o.t.Helper()
	var v slacksim.View
	o.until("the form says "+text, func(s *slacksim.Snapshot) bool {
		all := s.Views(user)
		if len(all) == 1 && strings.Contains(string(all[0].Blocks), text) {
			v = all[0]
			return true
		}
		return false
	})
	return v
}

func (o *setup) types(user, text string) {
	o.t.Helper()
	if r := o.must(o.sim.Slash(o.ctx, user, approvals, "/jit", text)); r.Text != "" {
		o.t.Fatalf("/jit %s was answered with %q", text, r.Text)
	}
}

func initial(v slacksim.View, action string) string {
	for _, e := range v.Elements() {
		if e.ActionID == action {
			return e.Initial
		}
	}
	return "nothing of that name"
}

// fields are what a good form holds.
func fields() slacksim.Values {
	return slacksim.Values{"ports": []string{"22/tcp"}, "source": "203.0.113.7", "duration": "45m", "reason": "the <@U0GRACE> *fix*"}
}

// state changes what a form holds, as only a forged payload does.
func state(change func(values map[string]any)) slacksim.Raw {
	return slacksim.Raw{Edit: func(p map[string]any) {
		change(p["view"].(map[string]any)["state"].(map[string]any)["values"].(map[string]any))
	}}
}

func option(value string) map[string]any {
	return map[string]any{"text": map[string]any{"type": "plain_text", "text": "web-1 in rg"}, "value": value}
}

func put(block, action string, entry map[string]any) func(map[string]any) {
	return func(values map[string]any) { values[block] = map[string]any{action: entry} }
}

func vmOf(value string) func(map[string]any) {
	return put("vm", "vm", map[string]any{"type": "external_select", "selected_option": option(value)})
}

func portsOf(values ...string) func(map[string]any) {
	all := []any{}
	for _, v := range values {
		all = append(all, option(v))
	}
	return put("ports", "ports", map[string]any{"type": "checkboxes", "selected_options": all})
}

func textOf(name, text string) func(map[string]any) {
	return put(name, name, map[string]any{"type": "plain_text_input", "value": text})
}

func without(block string) func(map[string]any) {
	return func(values map[string]any) { delete(values, block) }
}
