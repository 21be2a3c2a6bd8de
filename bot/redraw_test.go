package bot_test

import (
	"strings"
	"testing"
	"time"

	"jitbot/bot/slacksim"
)

func TestChoosingAVMRedrawsAndKeeps(t *testing.T) {
	o := setUp(t, slacksim.Options{})
	o.service.offer, o.service.vms = wide(), machines(3)
	o.open()
	o.types(adaID, "request web-1 22,8000-8010 from 203.0.113.9")
	v := o.form(adaID)
	o.must(o.sim.Fill(o.ctx, adaID, v.ID, slacksim.Values{"reason": "half", "duration": "20m"}))
	if _, err := o.sim.Suggest(o.ctx, adaID, v.ID, "vm", ""); err != nil {
		t.Fatal(err)
	}
	o.service.mu.Lock()
	o.service.offer = simple() // of the next VM
	o.service.offer.Longest, o.service.offer.Ports[0].Longest = 2*time.Hour, 2*time.Hour
	o.service.mu.Unlock()
	o.must(o.sim.Fill(o.ctx, adaID, v.ID, slacksim.Values{"vm": "rg/web-2"}))
	v = o.formWith(adaID, "Between 5m and 2h")
	for _, want := range []string{`"half"`, `"20m"`, `"203.0.113.9"`, `"rg/web-2"`, `"22/tcp"`} {
		if !strings.Contains(string(v.State), want) {
			t.Errorf("the form lost %s: %s", want, v.State)
		}
	}
	if strings.Contains(string(v.State), "8000-8010") {
		t.Errorf("a port is ticked that is not on offer: %s", v.State)
	}
	o.service.mu.Lock()
	o.service.unknown = "web-3"
	o.service.mu.Unlock()
	o.must(o.sim.Fill(o.ctx, adaID, v.ID, slacksim.Values{"vm": "rg/web-3"}))
	v = o.formWith(adaID, "There is no VM called web-3")
	if !strings.Contains(string(v.State), `"half"`) {
		t.Errorf("the form lost the reason: %s", v.State)
	}
}
