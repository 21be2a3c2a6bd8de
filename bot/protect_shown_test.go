package bot_test

import (
	"testing"

	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/access"
)

// The form is for the machines that it showed: where a tag, or a name, means others
// when it comes back, nothing is protected.
func TestTheProtectFormIsForWhatItShowed(t *testing.T) {
	for name, change := range map[string]func(*fakeService){
		"one more has the tag": func(s *fakeService) { s.vms[2].Tags = map[string]string{"env": "prod"} },
		"one has lost it":      func(s *fakeService) { s.vms[0].Tags = nil },
		"one is another":       func(s *fakeService) { s.vms[0].VMID = "of-another-machine" },
		"nothing in common": func(s *fakeService) {
			s.refuse, s.vms[0].Tags = jit.Refuse(jit.ErrPolicy, "No policy offers a port of %s.", "web-1"), nil
		},
		"": func(*fakeService) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := setUp(t, slacksim.Options{})
			o.service.offer, o.service.vms = wide(), machines(3)
			for n := range 2 {
				o.service.vms[n].Tags = map[string]string{"env": "prod"}
			}
			o.service.results = []access.VMResult{{VM: o.service.vms[0]}}
			o.open()
			o.types(graceID, "protect tag:env=prod")
			v := o.form(graceID)
			o.reads(v.AllText(), "PROD: web-1 in rg, PROD: web-2 in rg")
			o.service.mu.Lock()
			change(o.service)
			o.service.mu.Unlock()
			o.must(o.sim.Submit(o.ctx, graceID, v.ID, nil))
			if name == "" {
				o.reads(o.direct(graceID, 1), "Being protected")
				if o.service.noted("protect U0GRACE [/vm/web-1 /vm/web-2]") != 1 {
					t.Errorf("calls: %q", o.service.calls)
				}
				return
			}
			o.reads(o.direct(graceID, 1), "other VMs now than those that it showed, so nothing was protected")
			if o.service.noted("protect") != 0 {
				t.Errorf("calls: %q", o.service.calls)
			}
		})
	}
}
