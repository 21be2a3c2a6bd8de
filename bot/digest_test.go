package bot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/jit"
)

func vmID(name string) string {
	return "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/" + name
}

func digest() jit.Digest {
	return jit.Digest{
		Schedule: "Mon 09:00", Due: noon, At: after(2 * time.Second), Since: noon.Add(-7 * 24 * time.Hour),
		Unhealthy: 4, NotApplicable: 2, Untold: 1, Healthy: 30,
		Exposures: []jit.Exposed{
			{VM: vmID("jump-1"), Production: true, Why: "Rule ssh-anywhere (priority 1000) of jump-nsg opens management ports to Any."},
			{VM: vmID("<!channel>"), Why: "Rule `x` <!here> of y opens management ports to Internet."},
		},
		Remarks: []jit.Remark{
			{Text: "Yet rule rdp (priority 310) of web-nsg opens management ports to Any.", VMs: []string{vmID("web-1")}},
			{Text: "Yet its policy lets a request open port 22 to any single address that it names.", VMs: slices.Repeat([]string{vmID("web-2")}, 12)},
		},
		More: 1, Gaps: []string{"Not all rules could be read, so some VMs cannot be told."},
		Opened: []string{vmID("jump-1")}, Mended: []string{vmID("old-1"), vmID("old-2")},
	}
}

func TestDigestMessages(t *testing.T) {
	golden(t, "digest", bot.DigestMessage(digest()))
	quiet := digest()
	quiet.Unhealthy, quiet.Exposures, quiet.Remarks, quiet.More, quiet.Gaps, quiet.Untold, quiet.Opened, quiet.Mended = 0, nil, nil, 0, nil, 0, nil, nil
	golden(t, "digest-quiet", bot.DigestMessage(quiet))
	golden(t, "digest-first", bot.DigestMessage(jit.Digest{At: noon, Healthy: 1}))
	for _, change := range []func(*jit.Digest){
		func(d *jit.Digest) { d.Opened = nil }, func(d *jit.Digest) { d.Mended = nil },
	} {
		d := digest()
		change(&d)
		if text := bot.DigestMessage(d).Text; strings.Contains(text, "became Unhealthy: `rg") != (len(d.Opened) > 0) || strings.Contains(text, "no longer") != (len(d.Mended) > 0) {
			t.Errorf("%s", text)
		}
	}
	nasty := digest()
	bad := strings.Repeat("<!channel> `", 90)
	nasty.Exposures = slices.Repeat([]jit.Exposed{{VM: vmID(bad), Production: true, Why: bad}}, 15)
	nasty.Remarks = slices.Repeat([]jit.Remark{{Text: bad, VMs: slices.Repeat([]string{vmID(bad)}, 500)}}, 5)
	nasty.Opened, nasty.Gaps = nasty.Remarks[0].VMs, []string{bad, bad}
	raw, err := json.Marshal(bot.DigestMessage(nasty))
	if err != nil || bytes.Contains(raw, []byte(`\u003c!channel`)) {
		t.Errorf("mentions the channel: %v", err)
	}
	checkLimits(t, "the worst digest", raw)
}

// A digest is said in the channel as it was made, and not once more by the
// notice of one that it took the place of.
func TestDigestIsSaid(t *testing.T) {
	o := newOffice(t, slacksim.Options{})
	n := bot.NewNotifier(o.conf.API, approvals)
	d, failed := digest(), error(nil)
	n.Digest = func(context.Context) (jit.Digest, error) { return d, failed }
	notice := jit.Notice{To: jit.ToChannel, Event: jit.Event{Kind: jit.EventDigest, At: d.At}}
	if _, err := n.Notify(o.ctx, notice, jit.Grant{}); err != nil {
		t.Fatal(err)
	}
	old := notice
	old.Event.At = d.At.Add(-24 * time.Hour)
	if _, err := n.Notify(o.ctx, old, jit.Grant{}); err != nil {
		t.Fatal(err)
	}
	m := o.sim.Messages(approvals)
	if len(m) != 1 {
		t.Fatalf("%d messages", len(m))
	}
	o.reads(m[0].Text, "36 VMs, 4 Unhealthy, 2 Not applicable (1 cannot be told), 30 Healthy.", "`rg/jump-1` (production): *Unhealthy*. `Rule ssh-anywhere", "2 more Unhealthy VMs", "/jit scan")
	o.reads(m[0].AllText(), "Yet its policy lets a request open port 22")
	failed = jit.ErrDamaged
	if _, err := n.Notify(o.ctx, notice, jit.Grant{}); !errors.Is(err, jit.ErrDamaged) {
		t.Errorf("a store that cannot tell: %v", err)
	}
}
