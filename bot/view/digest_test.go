package view_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/bot/view"
	"jitbot/jit/reach"
)

func vmID(name string) string {
	return "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/" + name
}

func digest() reach.Digest {
	return reach.Digest{
		Schedule: "Mon 09:00", Due: noon, At: after(2 * time.Second), Since: noon.Add(-7 * 24 * time.Hour),
		Unhealthy: 4, NotApplicable: 2, Untold: 1, Healthy: 30,
		Exposures: []reach.Exposed{
			{VM: vmID("jump-1"), Production: true, Why: "Rule ssh-anywhere (priority 1000) of jump-nsg opens management ports to Any."},
			{VM: vmID("<!channel>"), Why: "Rule `x` <!here> of y opens management ports to Internet."},
		},
		Remarks: []reach.Remark{
			{Text: "Yet rule rdp (priority 310) of web-nsg opens management ports to Any.", VMs: []string{vmID("web-1")}},
			{
				Text: "Yet its policy lets a request open port 22 to any single address that it names.",
				VMs:  slices.Repeat([]string{vmID("web-2")}, 12),
			},
		},
		More: 1, Gaps: []string{"Not all rules could be read, so some VMs cannot be told."},
		Opened: []string{vmID("jump-1")}, Mended: []string{vmID("old-1"), vmID("old-2")},
	}
}

func TestDigestMessages(t *testing.T) {
	golden(t, "digest", view.Digest(digest()))
	quiet := digest()
	quiet.Unhealthy, quiet.More, quiet.Untold = 0, 0, 0
	quiet.Exposures, quiet.Remarks, quiet.Gaps, quiet.Opened, quiet.Mended = nil, nil, nil, nil, nil
	golden(t, "digest-quiet", view.Digest(quiet))
	golden(t, "digest-first", view.Digest(reach.Digest{At: noon, Healthy: 1}))
	for _, change := range []func(*reach.Digest){
		func(d *reach.Digest) { d.Opened = nil }, func(d *reach.Digest) { d.Mended = nil },
	} {
		d := digest()
		change(&d)
		if text := view.Digest(d).Text; strings.Contains(text, "became Unhealthy: `jump") != (len(d.Opened) > 0) ||
			strings.Contains(text, "no longer") != (len(d.Mended) > 0) {
			t.Errorf("%s", text)
		}
	}
	nasty := digest()
	bad := strings.Repeat("<!channel> `", 90)
	nasty.Exposures = slices.Repeat([]reach.Exposed{{VM: vmID(bad), Production: true, Why: bad}}, 15)
	nasty.Remarks = slices.Repeat([]reach.Remark{{Text: bad, VMs: slices.Repeat([]string{vmID(bad)}, 500)}}, 5)
	nasty.Opened, nasty.Gaps = nasty.Remarks[0].VMs, []string{bad, bad}
	raw, err := json.Marshal(view.Digest(nasty))
	if err != nil || bytes.Contains(raw, []byte(`\u003c!channel`)) {
		t.Errorf("mentions the channel: %v", err)
	}
	checkLimits(t, "the worst digest", raw)
}
