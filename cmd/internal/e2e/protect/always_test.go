package protect_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
	"jitbot/jit/protection"
)

// protect: always is picked up for new VMs within a minute, and let go when
// the tags no longer match.
func TestProtectAlways(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Config.Policies = append([]policies.Policy{w.Config.Policies[0]}, w.Config.Policies...)
		w.Config.Policies[0].Always = true
		w.Config.Policies[0].Match = policies.Match{Tags: map[string]string{"lock": "yes"}}
		foreign := w.Foreign()
		w.Start()
		w.Pass(time.Minute)
		if w.Ours() != 0 {
			t.Fatal("something was protected")
		}
		if err := w.Azure.SetTags(azuresim.DemoJump, map[string]string{"lock": "yes"}); err != nil {
			t.Fatal(err)
		}
		w.Pass(90 * time.Second)
		if !w.IsProtected(azuresim.DemoJump) {
			t.Fatal("not protected within a minute and a half")
		}
		if results, err := w.Service.Unprotect(t.Context(), carol, []string{"jump-1"}); err != nil || !errors.Is(results[0].Err, jit.ErrPolicy) {
			t.Errorf("%v %v", results, err)
		}
		if err := w.Azure.SetTags(azuresim.DemoJump, nil); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Minute)
		if w.Ours() != 0 {
			t.Error("still protected after the tag is gone")
		}
		w.CheckPromises(foreign)
	})
}

// Of what is always protected the configuration decides everything: nobody
// changes it in Slack, and it follows the file, also where somebody protected
// the VM in Slack before.
func TestConfigurationDecidesAlways(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		ssh, rdp := w.Config.Policies[0].Ports[:1], w.Config.Policies[0].Ports[1:]
		always := func(change func(p *policies.Policy)) {
			w.Stop()
			w.Config.Policies = slices.Clone(w.Config.Policies)
			w.Config.Policies[0].Always = true
			change(&w.Config.Policies[0])
			w.Start()
			w.Pass(90 * time.Second)
		}
		want := func(when, port, source string, priority int) {
			t.Helper()
			var denies []azuresim.Rule
			for _, r := range w.Azure.Rules(azuresim.DemoJumpNSG) {
				if strings.HasPrefix(r.Name, "jitbot-prod-deny-") {
					denies = append(denies, r)
				}
			}
			if len(denies) != 1 || denies[0].DestinationPortRange != port || denies[0].SourceAddressPrefix != source || denies[0].Priority < priority || denies[0].Priority > priority+50 {
				t.Fatalf("%s: %+v", when, denies)
			}
		}
		foreign := w.Foreign()
		w.Config.Policies = append([]policies.Policy{w.Config.Policies[0]}, w.Config.Policies...)
		w.Config.Policies[0].Match = policies.Match{Name: "jump-1"}
		w.Start()
		w.Protect("jump-1")
		always(func(p *policies.Policy) { p.Ports = ssh })
		want("protected in Slack before", "22", "*", 250)
		results, err := w.Service.Protect(t.Context(), carol, []string{"jump-1"}, rdp)
		if err != nil || !errors.Is(results[0].Err, jit.ErrPolicy) {
			t.Errorf("protected anew in Slack: %v %v", results, err)
		}
		w.Pass(time.Minute)
		want("after an admin's try", "22", "*", 250)
		always(func(p *policies.Policy) { p.Ports = rdp })
		want("other ports", "3389", "*", 250)
		always(func(p *policies.Policy) { p.DenySource = "Internet" })
		want("another source", "3389", "Internet", 250)
		always(func(p *policies.Policy) { p.Existing = protection.Respect })
		want("another band", "3389", "Internet", 3900)
		w.CheckPromises(foreign)
	})
}

// What an admin protected and the file says to protect always is protected as
// the file has it, for as long as it says so.
func TestProtectedThenAlways(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Protect("jump-1")
		w.Stop()
		w.Config.Policies[0].Always = true
		w.Start()
		w.Pass(2 * time.Minute)
		if p, err := w.Store.Protection(t.Context(), azuresim.DemoJump); err != nil || !p.Always || p.State != protection.Protected {
			t.Errorf("%+v %v", p, err)
		}
		if results, err := w.Service.Unprotect(t.Context(), carol, []string{"jump-1"}); err != nil || results[0].Err == nil {
			t.Errorf("unprotected: %+v %v", results, err)
		}
		w.Stop()
		w.Config.Policies[0].Always = false
		w.Start()
		w.Pass(2 * time.Minute)
		if p, err := w.Store.Protection(t.Context(), azuresim.DemoJump); err != nil || p.Always || p.State != protection.Protected || p.By.ID != carol {
			t.Errorf("no longer as the admin had it: %+v %v", p, err)
		}
	})
}
