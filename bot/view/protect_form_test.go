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
	full := view.ProtectDraft{
		Words: []string{"web-1", "tag:env=prod"}, VMs: []string{"web-1 in rg", "PROD: db-1 in rg"}, Ports: []uint16{22, 5986},
		Custom: "1433, 53/udp", Protocol: jit.TCP, Anyone: true, Ranges: "198.51.100.0/24", Longest: "3h",
	}
	bare := view.ProtectDraft{Words: []string{"web-1"}, Note: "No policy offers it.", Protocol: jit.AnyProtocol}
	nasty := full
	nasty.VMs = slices.Repeat([]string{"<!channel> *x* " + strings.Repeat("v", 80)}, 200)
	nasty.Custom, nasty.Ranges, nasty.Longest, nasty.Note = strings.Repeat("1433, ", 1000), strings.Repeat(
		"198.51.100.0/24, ",
		1000,
	), strings.Repeat("9", 500), strings.Repeat(
		"n",
		5000,
	)
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
