package view_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"jitbot/bot/command"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/reach"
)

func finding(n int, class reach.Class, why string) reach.Finding {
	return reach.Finding{
		VM:      jit.VM{Name: fmt.Sprintf("web-%d", n), Group: "rg", Tags: map[string]string{"env": []string{"dev", "prod"}[n%2]}},
		Posture: reach.Posture{Class: class, Why: why}, Admin: true,
	}
}

func findings() []reach.Finding {
	open := finding(1, reach.ClassUnhealthy, "Rule ssh-anywhere (priority 1000) of jump-nsg opens management ports to Any.")
	open.Posture.Notes = []string{"It is deallocated now; the rules are open as soon as it starts.", "note <!channel>", "one more", "another"}
	hidden := finding(2, reach.ClassUnhealthy, "Rule <!channel> `x` of y opens management ports to Internet.")
	hidden.Admin = false
	bare := finding(3, reach.ClassNotApplicable, "It has no network security group.")
	good := finding(4, reach.ClassHealthy, "jitbot protects it: just-in-time access is on.")
	good.Posture.StillOpen = []string{"Yet its policy lets a request open port 22 and 3389 to any single address that it names."}
	good.Posture.Defaults = []string{
		"10.0.0.0/8 to port 22 of 10.10.9.4: rule AllowVnetInBound (priority 65000, a default rule of Azure) of x at the subnet allows it.",
	}
	return []reach.Finding{open, hidden, bare, good}
}

func TestScanPages(t *testing.T) {
	golden(t, "scan", view.Scan(findings(), false, command.ScanFilter{}))
	golden(t, "scan-none", view.Scan(nil, false, command.ScanFilter{}))
	golden(t, "scan-unhealthy", view.Scan(findings(), true, command.ScanFilter{Class: reach.ClassUnhealthy, Text: "env=prod"}))
	var many []reach.Finding
	for n := range 40 {
		many = append(many, finding(n, reach.ClassHealthy, "All is well."))
	}
	golden(t, "scan-last", view.Scan(many, false, command.ScanFilter{Offset: 38}))
	golden(t, "scan-past", view.Scan(many, false, command.ScanFilter{Offset: 1e9}))
	nasty := finding(1, reach.ClassUnhealthy, strings.Repeat("<!channel> `", 500))
	nasty.VM.Name, nasty.VM.Group = strings.Repeat("<!channel>", 50), strings.Repeat("`", 90)
	nasty.Posture.Notes = slices.Repeat([]string{strings.Repeat("<!channel>", 100)}, 30)
	nasty.Posture.StillOpen = nasty.Posture.Notes[:2]
	for _, nasty.Admin = range []bool{true, false} {
		raw, err := json.Marshal(view.Scan(slices.Repeat([]reach.Finding{nasty}, 100), true, command.ScanFilter{}))
		if err != nil || !nasty.Admin && bytes.Contains(raw, []byte(`\u003c!channel`)) {
			t.Errorf("mentions the channel: %v", err)
		}
		checkLimits(t, "a scan of the worst", raw)
	}
}
