package view_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"jitbot/bot/command"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/access"
)

func TestProtectForms(t *testing.T) {
	vm := jit.VM{Name: "web-1", Group: "rg"}
	full := view.ProtectDraft{
		Words: []string{"web-1", "tag:env=prod"}, VMs: []string{"web-1 in rg", "PROD: db-1 in rg"},
		Rows: []view.ProtectRow{
			{ID: 1, Port: "22", Protocol: jit.TCP, From: "any, 198.51.100.0/24", Longest: "3h"},
			{ID: 4, Port: "8000-8010", Protocol: jit.AnyProtocol, From: "198.51.100.0/24", Longest: "1h"},
		},
		Effects: []access.ProtectEffect{
			{VM: vm, Inside: true, Overruled: []access.RuleRef{{Rule: "allow-ssh", Group: "web-nsg"}}, Kept: []access.RuleRef{{Rule: "*first*", Group: "web-nsg"}}},
			{VM: jit.VM{Name: "db-1"}, Refusal: jit.Refuse(jit.ErrPolicy, "%s has no network security group; attach one first.", "db-1")},
		},
	}
	bare := view.ProtectDraft{
		Words: []string{"web-1"}, Note: "No policy offers it.", Rows: []view.ProtectRow{{ID: 1, Protocol: jit.AnyProtocol}},
	}
	nasty := full
	nasty.VMs = slices.Repeat([]string{"<!channel> *x* " + strings.Repeat("v", 80)}, 200)
	nasty.Note = strings.Repeat("n", 5000)
	nasty.Effects = slices.Repeat([]access.ProtectEffect{{
		VM: jit.VM{Name: strings.Repeat("<!channel>", 9)}, Inside: true, Kept: slices.Repeat([]access.RuleRef{{Rule: strings.Repeat("r", 200), Group: "*"}}, 500),
	}}, 200)
	nasty.Rows = nil
	for n := range 100 {
		nasty.Rows = append(nasty.Rows, view.ProtectRow{
			ID: n + 1, Port: strings.Repeat("1433, ", 1000), From: strings.Repeat("198.51.100.0/24, ", 1000), Longest: strings.Repeat("9", 500),
		})
	}
	nasty.Words = slices.Repeat([]string{strings.Repeat("w", 25)}, 100)
	for name, d := range map[string]view.ProtectDraft{"form-protect": full, "form-protect-bare": bare, "": nasty} {
		raw, err := json.Marshal(view.ProtectForm(d))
		if err != nil {
			t.Fatal(err)
		}
		checkLimits(t, name, raw)
		if name != "" {
			compare(t, name, raw)
		}
	}
}

func TestResultsOfProtecting(t *testing.T) {
	vm := func(n int) jit.VM { return jit.VM{Group: "rg", Name: fmt.Sprintf("web-%d", n)} }
	some := []access.VMResult{
		{VM: vm(1), Inside: true},
		{VM: vm(2), Err: jit.Refuse(jit.ErrPolicy, "%s has no network security group; attach one first.", "web-2")},
		{VM: vm(3), Err: errors.New("secret details")},
		{VM: vm(4)},
	}
	golden(t, "results-protect", view.ProtectResults(command.VerbProtect, some))
	golden(t, "results-unprotect", view.ProtectResults(command.VerbUnprotect, some))
	golden(t, "results-none", view.ProtectResults(command.VerbProtect, nil))
	var many []access.VMResult
	for n := range 2000 {
		r := access.VMResult{VM: jit.VM{Group: strings.Repeat("<!channel>", 9), Name: fmt.Sprint(n)}}
		if n < 500 {
			r.Err = jit.Refuse(jit.ErrPolicy, "No: %s", strings.Repeat("`x` ", n))
		}
		many = append(many, r)
	}
	raw, err := json.Marshal(view.ProtectResults(command.VerbProtect, many))
	if err != nil || strings.Contains(string(raw), "<!channel>") {
		t.Errorf("mentions the channel: %v", err)
	}
	checkLimits(t, "many results", raw)
}
