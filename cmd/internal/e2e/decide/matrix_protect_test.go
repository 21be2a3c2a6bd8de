package decide_test

import (
	"strings"
	"testing"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/protection"
)

// What somebody reads who protects, unprotects and lists VMs.
const protecting = `
protect    requester admins approver admins admin form  other admins guest members bot members gone members stranger members elsewhere another
unprotect  requester admins approver admins admin not   other admins guest members bot members gone members stranger members elsewhere another
many       requester admins approver admins admin many  other admins guest members bot members gone members stranger members elsewhere another
unknown    requester admins approver admins admin mean  other admins guest members bot members gone members stranger members elsewhere another
clash      requester admins approver admins admin clash other admins guest members bot members gone members stranger members elsewhere another
notag      requester admins approver admins admin notag other admins guest members bot members gone members stranger members elsewhere another
vms        requester web1   approver web1   admin web1  other none   guest members bot members gone members stranger members elsewhere another
vmsnone    requester none   approver none   admin none  other none   guest members bot members gone members stranger members elsewhere another
`

func TestMatrixOfProtecting(t *testing.T) {
	s := newSlackBot(t)
	s.azure.PutVM(azuresim.VM{ID: azuresim.DemoDevGroup + "/providers/Microsoft.Compute/virtualMachines/web-2", Location: azuresim.DemoLocation})
	says, lines := reads(), map[string]string{
		"protect": "protect web-1 22", "unprotect": "unprotect web-1", "many": "unprotect dev-1,db-1,dev-2", "unknown": "unprotect wbe-1",
		"clash": "unprotect web-2", "notag": "unprotect tag:env=moon", "vms": "vms prod-web/web-1", "vmsnone": "vms tag:env=moon",
	}
	says["admins"], says["form"], says["mean"] = "Only admins may protect and unprotect", "1 VM: PROD: web-1 in prod-web", "did you mean"
	says["not"] = "`web-1` in `prod-web` (production) was not changed: `web-1` is not protected"
	says["many"], says["clash"] = "was not changed: `dev-2` is not protected", "There is more than one VM called `web-2`; say which:"
	says["notag"] = "No VM that you may see has the tag `env=moon`"
	says["web1"], says["none"] = "`web-1` in `prod-web` (production)*: not protected", "There is no VM that you may see"
	for line := range strings.Lines(protecting) {
		words := strings.Fields(line)
		for i := 1; i+1 < len(words); i += 2 {
			got, want := s.typed(kinds()[words[i]], lines[words[0]]), says[words[i+1]]
			if !strings.Contains(got, want) {
				t.Errorf("%s by %s: read %q, want %q", words[0], words[i], got, want)
			}
		}
	}
	s.nothingProtected()
}

// nothingProtected checks that nothing is protected.
func (s *slackBot) nothingProtected() {
	s.t.Helper()
	if protections, err := s.store.Protections(s.ctx); err != nil || len(protections) != 0 {
		s.t.Errorf("protected: %+v, %v", protections, err)
	}
}

// protectForm is a good form that protects, in place of whatever form there is.
func protectForm(metadata string) slacksim.Raw {
	option := func(value string) map[string]any {
		return map[string]any{"text": map[string]any{"type": "plain_text", "text": value}, "value": value}
	}
	chosen := func(name, value string) map[string]any {
		return map[string]any{name: map[string]any{"type": "static_select", "selected_option": option(value)}}
	}
	written := func(name, value string) map[string]any {
		return map[string]any{name: map[string]any{"type": "plain_text_input", "value": value}}
	}
	return slacksim.Raw{Force: true, Edit: func(p map[string]any) {
		v := p["view"].(map[string]any)
		v["callback_id"], v["private_metadata"] = "protect", metadata
		v["state"] = map[string]any{"values": map[string]any{
			"port-1": written("port-1", "22"), "from-1": written("from-1", "any"), "longest-1": written("longest-1", "2h"),
			"protocol-1": chosen("protocol-1", "tcp"),
			"port-2":     written("port-2", "1433"), "from-2": written("from-2", "any"), "longest-2": written("longest-2", "2h"),
			"protocol-2": chosen("protocol-2", "tcp"),
		}}
	}}
}

// A form that protects is decided by who sends it and by what Azure knows, not
// by what it was when it was opened.
func TestFormsThatProtect(t *testing.T) {
	s := newSlackBot(t)
	s.azure.PutVM(azuresim.VM{ID: azuresim.DemoDevGroup + "/providers/Microsoft.Compute/virtualMachines/web-2", Location: azuresim.DemoLocation})
	send := func(by jit.UserID, open string, words ...string) string {
		t.Helper()
		o, _ := s.service.Offer(s.ctx, carol, words)
		metadata, err := view.PackVMs(view.ShownVMs{Words: words, Are: view.VMsDigest(o.VMs)})
		if err != nil {
			t.Fatal(err)
		}
		s.typed(by, open)
		before := len(s.sim.DMs(string(by)))
		if _, err := s.sim.SubmitRaw(s.ctx, string(by), s.sim.Views(string(by))[0].ID, nil, protectForm(metadata)); err != nil {
			t.Fatal(err)
		}
		return s.direct(string(by), before)
	}
	for _, by := range []jit.UserID{ada, grace, bob} {
		if got := send(by, "request web-1", "web-1"); !strings.Contains(got, "Only admins may protect") {
			t.Errorf("%s reads %q", by, got)
		}
	}
	for word, want := range map[string]string{
		"wbe-1": "did you mean", "web-2": "more than one VM called", "tag:env=moon": "No VM that you may see has the tag",
		"bare-1": "attach one first", "prod-web/nobody": "There is no VM called",
	} {
		if got := send(carol, "protect web-1", word); !strings.Contains(got, want) {
			t.Errorf("%s: read %q, want %q", word, got, want)
		}
	}
	s.nothingProtected()
	if got := send(carol, "protect web-1", "dev-1", "bare-1", "tag:role=jump"); !strings.Contains(got, "`bare-1` in `dev` was not changed") ||
		!strings.Contains(got, "Being protected: `dev-1` in `dev`, `jump-1` in `prod-web`") {
		t.Errorf("read %q", got)
	}
	p, err := s.store.Protection(s.ctx, azuresim.DemoDev1)
	if err != nil || len(p.Ports) != 2 || !p.Ports[0].Any || p.Ports[0].Longest != 2*time.Hour || p.Ports[1].Ports.From != 1433 || p.By.ID != carol || p.State != protection.Protecting {
		t.Errorf("stored %+v, %v", p, err)
	}
	for by, want := range map[jit.UserID]string{carol: "being protected", ada: "Ask for SSH and 1433 up to 2 h, from any single address", bob: "There is no VM"} {
		if got := s.typed(by, "vms dev-1"); !strings.Contains(got, want) {
			t.Errorf("%s: read %q, want %q", by, got, want)
		}
	}
	if got := s.typed(carol, "unprotect dev-1,dev-2"); !strings.Contains(got, "Unprotect `dev-1` in `dev`? Nothing is changed yet.") ||
		!strings.Contains(got, "was not changed: `dev-2` is not protected") {
		t.Errorf("read %q", got)
	}
	if p, err := s.store.Protection(s.ctx, azuresim.DemoDev1); err != nil || p.State != protection.Protecting {
		t.Errorf("stored %+v, %v", p, err)
	}
}

// A list shows what somebody may see: their own, what they may read in Azure,
// what they may be asked to approve; everything to admins.
func TestWhoSeesWhichVMs(t *testing.T) {
	s := newSlackBot(t)
	for _, want := range []struct {
		by    jit.UserID
		text  string
		limit int
		lines int
		more  bool
	}{
		{carol, "", 100, 10, false},
		{grace, "", 100, 10, false},
		{ada, "", 5, 5, true},
		{ada, "dev", 100, 4, false},
		{bob, "", 100, 0, false},
		{bob, "web-1", 100, 0, false},
		{ada, "DEV-2", 1, 1, false},
		{ada, "tag:env=dev", 100, 4, false},
	} {
		lines, more, err := s.service.VMs(s.ctx, want.by, want.text, want.limit)
		if err != nil || len(lines) != want.lines || more != want.more {
			t.Errorf("%s sees %d of %q, more %t, %v; want %+v", want.by, len(lines), want.text, more, err, want)
		}
	}
	if _, _, err := s.service.VMs(s.ctx, guest, "", 10); err == nil {
		t.Error("a guest sees VMs")
	}
}
