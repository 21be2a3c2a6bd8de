package bot_test

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/jit"
)

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

// Each field altered, missing and oversized is answered at a field, and nothing
// is asked for.
func TestForgedFormsAreRefusedAtTheField(t *testing.T) {
	long := strings.Repeat("x", 10000)
	o := setUp(t, slacksim.Options{})
	o.conf.PerPerson = 1000
	o.service.offer, o.service.vms = wide(), machines(3)
	o.open()
	o.type_(adaID, "request web-1")
	v := o.form(adaID)
	for name, c := range map[string]struct {
		change func(map[string]any)
		block  string
		want   string
	}{
		"no VM":                {without("vm"), "vm", "Choose a VM."},
		"a VM cleared":         {put("vm", "vm", map[string]any{"type": "external_select", "selected_option": nil}), "vm", "Choose a VM."},
		"a tag, which is many": {vmOf("tag:env=prod"), "vm", "from the list"},
		"a tag with a slash":   {vmOf("tag:env=prod/x"), "vm", "from the list"},
		"a bare name":          {vmOf("web-1"), "vm", "from the list"},
		"a resource id":        {vmOf("/vm/web-1"), "vm", "from the list"},
		"an unknown hash":      {vmOf("#00"), "vm", "from the list"},
		"a long VM":            {vmOf("rg/" + long), "vm", "from the list"},
		"two hundred VMs": {
			put("vm", "vm", map[string]any{"type": "multi_external_select", "selected_options": slices.Repeat([]any{option("rg/web-1")}, 200)}),
			"vm", "a hundred at most",
		},
		"no ports":            {without("ports"), "vm", "Choose the ports"},
		"ports not offered":   {portsOf("23/tcp"), "ports", "not on offer"},
		"another protocol":    {portsOf("22/udp"), "ports", "not on offer"},
		"every port":          {portsOf("1-65535/*"), "ports", "not on offer"},
		"ports that are none": {portsOf("<!channel>"), "ports", "not on offer"},
		"ports beyond a list": {portsOf(slices.Repeat([]string{"22/tcp"}, 101)...), "ports", "fewer ports"},
		"long ports":          {portsOf(long), "ports", "not on offer"},
		"one port twice":      {portsOf("22/tcp", "22/tcp"), "ports", "overlap"},
		"ports that overlap":  {portsOf("8005/*", "8000-8010/*"), "ports", "overlap"},
		"no source":           {without("source"), "source", "Write your address"},
		"a long source":       {textOf("source", long), "source", "is no address"},
		"a mention as source": {textOf("source", "<@U0GRACE>"), "source", "is no address"},
		"loopback":            {textOf("source", "127.0.0.1"), "source", "nobody can come from"},
		"a foreign range":     {put("ranges", "ranges", map[string]any{"type": "checkboxes", "selected_options": []any{option("0.0.0.0/0")}}), "source", "Write your address"},
		"no duration":         {without("duration"), "duration", "Say for how long"},
		"a long duration":     {textOf("duration", long), "duration", "is no duration"},
		"for ever":            {textOf("duration", "99999999999999999999h"), "duration", "longer than anybody"},
		"no reason":           {without("reason"), "reason", "Say why"},
		"a blank reason":      {textOf("reason", "\u202e\u200b\x00\n"), "reason", "Say why"},
		"10,000 characters":   {textOf("reason", long), "reason", "at most 1000"},
		"nothing at all":      {func(values map[string]any) { clear(values) }, "vm", "Choose a VM."},
	} {
		in := fields()
		raw := state(func(values map[string]any) {
			if name == "a foreign range" {
				delete(values, "source")
			}
			c.change(values)
		})
		r, err := o.sim.SubmitRaw(o.ctx, adaID, v.ID, in, raw)
		if err != nil || !strings.Contains(r.Errors[c.block], c.want) {
			t.Errorf("%s: errors %v, %v; want %q at %s", name, r.Errors, err, c.want, c.block)
		}
		for _, text := range r.Errors {
			if len(text) > 2000 || strings.ContainsAny(text, "\u202e\u200b\x00") {
				t.Errorf("%s: said %.80q", name, text)
			}
		}
	}
	if n := o.service.noted("ask"); n != 0 {
		t.Errorf("%d requests were made: %q", n, o.service.calls)
	}
}

// What people wrote is kept as text and shown as such.
func TestHostileReasonsStayText(t *testing.T) {
	for _, reason := range []string{"<!channel> <@U0GRACE> <https://evil.example|click>", "*bold* `code` _x_ ~y~", "a\u202eb\u0007c", "&lt;!here&gt;"} {
		o := setUp(t, slacksim.Options{})
		o.service.vms = machines(1)
		o.open()
		o.type_(adaID, "request web-1")
		in := fields()
		in["reason"], in["source"] = reason, "203.0.113.7"
		if r := o.must(o.sim.Submit(o.ctx, adaID, o.form(adaID).ID, in)); r.View != nil {
			t.Fatalf("the form stayed: %v", r.Errors)
		}
		o.finished()
		if got := o.onlyGrant().Request.Reason; got != jit.CleanText(reason) {
			t.Errorf("%q became %q", reason, got)
		}
	}
}

// A form that is sent twice, delivered twice or sent after its time asks once;
// what else stands in the payload changes nothing.
func TestAFormAsksOnce(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.vms = machines(3)
	o.open()
	o.type_(adaID, "request web-1")
	v := o.form(adaID)
	raw := slacksim.Raw{Double: true, Edit: func(p map[string]any) {
		p["view"].(map[string]any)["private_metadata"] = strings.Repeat(`{"user":"U0GRACE","grant":"g-7k2qd"}`, 100)
	}}
	r := o.must(o.sim.SubmitRaw(o.ctx, adaID, v.ID, fields(), raw))
	o.must(o.sim.Repeat(o.ctx, r.EnvelopeID))
	o.finished()
	if r.View != nil || o.onlyGrant().Request.By.ID != adaID {
		t.Errorf("the form stayed: %v", r.Errors)
	}
	late := fields()
	late["reason"] = "another reason, an hour later"
	o.must(o.sim.SubmitRaw(o.ctx, adaID, v.ID, late, slacksim.Raw{Force: true}))
	o.finished()
	if g := o.onlyGrant(); g.Request.Reason != "the <@U0GRACE> *fix*" {
		t.Errorf("the grant became %+v", g.Request)
	}
	// The view of somebody else is no key to their grant.
	o.type_(graceID, "request web-2")
	mine := o.form(graceID)
	o.must(o.sim.SubmitRaw(o.ctx, graceID, mine.ID, fields(), slacksim.Raw{Edit: func(p map[string]any) {
		p["view"].(map[string]any)["callback_id"] = "a_form_of_another_app"
	}}))
	if n := len(o.service.targets()); n != 1 {
		t.Errorf("a form of another app made %d grants", n)
	}
}

// A refusal of the service comes in the form when it comes in time.
func TestTheServicesRefusalIsSaidInTheForm(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.vms = machines(3)
	o.open()
	o.type_(adaID, "request web-1")
	v := o.form(adaID)
	o.service.fail = jit.Refuse(jit.ErrPolicy, "Nobody is named to approve access to %s; ask an admin.", "web-1")
	r := o.must(o.sim.Submit(o.ctx, adaID, v.ID, fields()))
	o.reads(r.Errors["vm"], "Nobody is named to approve")
	o.finished()
	o.service.fail = nil
	// A fault of ours is said, and the form can be sent again.
	o.inbox.fail = errors.New("the disk is full")
	r = o.must(o.sim.Submit(o.ctx, adaID, v.ID, fields()))
	o.reads(r.Errors["vm"], "Something broke on my side.")
	o.inbox.fail = nil
	// Policies that cannot be read in time do not hold the form up.
	o.service.mu.Lock()
	o.service.slow = make(chan struct{})
	slow := o.service.slow
	o.service.mu.Unlock()
	r = o.must(o.sim.Submit(o.ctx, adaID, v.ID, fields()))
	if r.View != nil || r.Took > 2500*time.Millisecond {
		t.Fatalf("the form stayed for %s: %v", r.Took, r.Errors)
	}
	close(slow)
	o.finished()
	if g := o.onlyGrant(); g.State != jit.Pending {
		t.Errorf("the grant is %s", g.State)
	}
}

// Buttons whose value, workspace or message was altered do nothing.
func TestForgedClicks(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.conf.PerPerson = 1000
	o.open()
	_, card := o.pending()
	for _, value := range []string{"", "g-00000", "g-7k2q", "G-7K2QD", "g-7k2qd\x00", "<!channel>", strings.Repeat("g-7k2qd", 1000)} {
		o.must(o.sim.ClickRaw(o.ctx, graceID, card.Channel, card.Message, "approve", slacksim.Raw{Value: &value}))
	}
	for _, action := range []string{"", "approve ", "aprove", "protect", strings.Repeat("approve", 100)} {
		o.must(o.sim.ClickRaw(o.ctx, graceID, card.Channel, card.Message, "approve", slacksim.Raw{Edit: func(p map[string]any) {
			p["actions"].([]any)[0].(map[string]any)["action_id"] = action
		}}))
	}
	o.must(o.sim.ClickRaw(o.ctx, graceID, card.Channel, card.Message, "approve", slacksim.Raw{Edit: func(p map[string]any) { delete(p, "actions") }}))
	o.must(o.sim.ClickRaw(o.ctx, graceID, card.Channel, card.Message, "approve", slacksim.Raw{Edit: func(p map[string]any) { p["actions"] = []any{} }}))
	other := "g-2222a"
	o.must(o.sim.ClickRaw(o.ctx, graceID, card.Channel, card.Message, "approve", slacksim.Raw{Value: &other}))
	o.reads(o.ephemeral(graceID, func(string) bool { return true }), "There is no grant")
	if calls := o.service.noted("approve"); calls != 1 {
		t.Errorf("calls: %q", o.service.calls)
	}
	for id, g := range maps.All(o.service.grants) {
		if g.State != jit.Pending {
			t.Errorf("%s is %s", id, g.State)
		}
	}
}

// A menu that was altered finds nothing, and never fails.
func TestForgedMenus(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.vms = machines(3)
	o.open()
	o.type_(adaID, "request web-1")
	v := o.form(adaID)
	for _, query := range []string{strings.Repeat("x", 10000), "\u202e\x00", "<!channel>", "*"} {
		if _, err := o.sim.Suggest(o.ctx, adaID, v.ID, "vm", query); err != nil {
			t.Errorf("%.20q: %v", query, err)
		}
	}
	for n, payload := range []string{
		`{"type":"block_suggestion","team":{"id":"T0OTHER"},"user":{"id":"U0ADA"},"action_id":"vm","value":"web","view":{"callback_id":"request"}}`,
		`{"type":"block_suggestion","team":{"id":"T0CONTOSO"},"user":{"id":"U0ADA"},"action_id":"other","value":"web","view":{"callback_id":"request"}}`,
		`{"type":"block_suggestion","team":{"id":"T0CONTOSO"},"user":{"id":"U0ADA"},"action_id":"vm","value":"web"}`,
		`{"type":"block_suggestion","team":{"id":"T0CONTOSO"},"user":{"id":"U0GUS"},"action_id":"vm","value":"web","view":{"callback_id":"request"}}`,
	} {
		r := o.must(o.sim.Deliver(o.ctx, []byte(`{"type":"interactive","envelope_id":"e-`+strconv.Itoa(n)+`","payload":`+payload+`}`)))
		if strings.Contains(string(r.Payload), "web-") {
			t.Errorf("%s is answered with %s", payload, r.Payload)
		}
	}
}
