package form_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"jitbot/bot/form"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/lookup"
	"jitbot/jit/text"
)

func offer() lookup.Offer {
	single := netip.MustParsePrefix("203.0.113.7/32")
	return lookup.Offer{
		Ports: []jit.PortPolicy{
			{Ports: jit.Ports{From: 22, To: 22, Protocol: jit.TCP}, Any: true, Shortest: 5 * time.Minute, Longest: 3 * time.Hour},
			{
				Ports:    jit.Ports{From: 8000, To: 8010, Protocol: jit.AnyProtocol},
				Sources:  []netip.Prefix{single},
				Shortest: 5 * time.Minute,
				Longest:  time.Hour,
			},
		},
		Sources: []netip.Prefix{single}, Widest: jit.Widths{V4: 32, V6: 128}, Shortest: 5 * time.Minute, Longest: 3 * time.Hour,
	}
}

func read(t *testing.T, payload string) form.Interaction {
	t.Helper()
	var i form.Interaction
	if err := json.Unmarshal([]byte(payload), &i); err != nil {
		t.Fatal(err)
	}
	return i
}

const good = `{"view": {"callback_id": "request", "state": {"values": {
	"vm": {"vm": {"type": "multi_external_select", "selected_options": [{"text": {"text": "web-1 in rg"}, "value": "rg/web-1"}]}},
	"ports_again": {"ports": {"type": "checkboxes", "selected_options": [{"value": "22/tcp"}]}},
	"source": {"source": {"value": "203.0.113.7"}}, "duration": {"duration": {"value": "1h 30m"}}, "reason": {"reason": {"value": "the fix"}}
}}}}`

func TestRequestIsRead(t *testing.T) {
	r := form.ReadRequest(read(t, good))
	if r.PortsBlock != view.BlockPortsAgain || !r.Draft.Again || len(r.Draft.VMs) != 1 || r.Draft.VMs[0].Key != "rg/web-1" {
		t.Errorf("read as %+v", r)
	}
	a, errs := r.Ask(offer(), true)
	if len(errs) > 0 || a.Duration != 90*time.Minute || len(a.Ports) != 1 || len(a.Sources) != 1 || a.Reason != "the fix" {
		t.Errorf("asks for %+v, %v", a, errs)
	}
	if form.Incomplete(a, offer()) {
		t.Error("nothing is missing")
	}
	r.Draft.Duration = "4h"
	if _, errs = r.Ask(offer(), true); !strings.Contains(errs[view.InputDuration], "at most 3h") {
		t.Errorf("four hours: %v", errs)
	}
	if text := errs.Text(); text != "That is too long; ask for at most 3h." {
		t.Errorf("said as %s", text)
	}
}

func TestDenialIsRead(t *testing.T) {
	const denial = `{"view": {"callback_id": "deny", "private_metadata": "g-7k2qd",
		"state": {"values": {"reason": {"reason": {"value": "not today"}}}}}}`
	id, reason, err := form.ReadDenial(read(t, denial))
	if id != "g-7k2qd" || reason != "not today" || err != nil {
		t.Errorf("%s, %s, %v", id, reason, err)
	}
	if errs := form.Check(read(t, `{"view": {"callback_id": "deny", "private_metadata": "g-7k2qd"}}`)); errs[view.InputReason] == "" {
		t.Errorf("no reason: %v", errs)
	}
}

// What is read without errors lies within the offer and the limits, whatever
// came back.
func FuzzForm(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"view": {"callback_id": "protect", "private_metadata": "{\"words\":[\"web-1\"]}", "state": {"values": {
		"port-1": {"port-1": {"value": "22"}}, "protocol-1": {"protocol-1": {"selected_option": {"value": "tcp"}}},
		"from-1": {"from-1": {"value": "any, 198.51.100.0/24"}}, "longest-1": {"longest-1": {"value": "3h"}},
		"port-7": {"port-7": {"value": "8000–8010/udp"}}, "from-7": {"from-7": {"value": "any"}},
		"longest-7": {"longest-7": {"value": "3h"}}}}}}`))
	f.Add([]byte(`{"view": {"callback_id": "deny", "private_metadata": "g-7k2qd"}}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		var i form.Interaction
		if json.Unmarshal(payload, &i) != nil {
			return
		}
		if a, errs := form.ReadRequest(i).Ask(offer(), true); len(errs) == 0 {
			if a.Duration < 5*time.Minute || a.Duration > 3*time.Hour || a.Reason != text.Clean(a.Reason) || len(a.Ports) == 0 ||
				len(a.Sources) == 0 {
				t.Errorf("asks for %+v", a)
			}
		}
		if shown, ports, errs := form.ReadProtection(i); len(errs) == 0 {
			if len(shown.Words) == 0 || len(ports) == 0 {
				t.Errorf("protects %q, %v", shown.Words, ports)
			}
			for _, p := range ports {
				if p.Longest < p.Shortest || p.Longest <= 0 || p.Longest > jit.MaxDuration || !p.Any && len(p.Sources) == 0 {
					t.Errorf("protects as %+v", p)
				}
			}
		}
		if id, reason, err := form.ReadDenial(i); err == nil && (!id.Valid() || reason == "") {
			t.Errorf("denies %q for %q", id, reason)
		}
		for block, text := range form.Check(i) {
			if block == "" || text == "" || len(text) > 2000 {
				t.Errorf("said at %q: %.80q", block, text)
			}
		}
	})
}
