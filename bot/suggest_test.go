package bot_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"jitbot/bot/slacksim"
	"jitbot/jit"
)

func TestThousandsOfVMsAreSearched(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.vms = machines(4000)
	long := strings.Repeat("g", 90)
	o.service.vms = append(o.service.vms, jit.VM{ID: "/vm/long", Name: strings.Repeat("v", 64), Group: long},
		jit.VM{ID: "/a/twin", Name: "twin", Group: "rg"}, jit.VM{ID: "/b/twin", Name: "twin", Group: "rg"})
	o.open()
	o.types(adaID, "")
	v := o.form(adaID)
	found, err := o.sim.Suggest(o.ctx, adaID, v.ID, "vm", "")
	if err != nil || len(found) < 90 || len(found) > 100 {
		t.Fatalf("%d are offered: %v", len(found), err)
	}
	all := o.sim.Envelopes()
	o.reads(string(all[len(all)-1].Response), "type more to narrow")
	for text, want := range map[string]int{"web-3999": 1, "rg/twin": 2, long: 1, "nothing": 0} {
		found, err := o.sim.Suggest(o.ctx, adaID, v.ID, "vm", text)
		if err != nil || len(found) != want {
			t.Errorf("%q finds %v: %v", text, found, err)
		}
	}
	// A VM whose name is too long for an option, or that is not the only one of
	// its name, is found again.
	for text, id := range map[string]string{long: "/vm/long", "rg/twin": "/b/twin"} {
		found, _ := o.sim.Suggest(o.ctx, adaID, v.ID, "vm", text)
		o.must(o.sim.Fill(o.ctx, adaID, v.ID, slacksim.Values{"vm": found[len(found)-1].Value}))
		o.formWith(adaID, "Between")
		if r := o.must(o.sim.Submit(o.ctx, adaID, v.ID, fields())); r.View != nil {
			t.Fatalf("the form stayed: %v", r.Errors)
		}
		o.finished()
		if !slices.Contains(o.service.targets(), id) {
			t.Errorf("asked for %v, not %s", o.service.targets(), id)
		}
		o.types(adaID, "")
		v = o.form(adaID)
	}
}

// A menu that was altered finds nothing, and never fails.
func TestForgedMenus(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.vms = machines(3)
	o.open()
	o.types(adaID, "request web-1")
	v := o.form(adaID)
	for _, query := range []string{strings.Repeat("x", 10000), "\u202e\x00", "<!channel>", "*"} {
		if _, err := o.sim.Suggest(o.ctx, adaID, v.ID, "vm", query); err != nil {
			t.Errorf("%.20q: %v", query, err)
		}
	}
	for n, payload := range []string{
		`{"type":"block_suggestion","team":{"id":"T0OTHER"},"user":{"id":"U0ADA"},"action_id":"vm","value":"web",` +
			`"view":{"callback_id":"request"}}`,
		`{"type":"block_suggestion","team":{"id":"T0CONTOSO"},"user":{"id":"U0ADA"},"action_id":"other","value":"web",` +
			`"view":{"callback_id":"request"}}`,
		`{"type":"block_suggestion","team":{"id":"T0CONTOSO"},"user":{"id":"U0ADA"},"action_id":"vm","value":"web"}`,
		`{"type":"block_suggestion","team":{"id":"T0CONTOSO"},"user":{"id":"U0GUS"},"action_id":"vm","value":"web",` +
			`"view":{"callback_id":"request"}}`,
	} {
		r := o.must(o.sim.Deliver(o.ctx, []byte(`{"type":"interactive","envelope_id":"e-`+strconv.Itoa(n)+`","payload":`+payload+`}`)))
		if strings.Contains(string(r.Payload), "web-") {
			t.Errorf("%s is answered with %s", payload, r.Payload)
		}
	}
}
