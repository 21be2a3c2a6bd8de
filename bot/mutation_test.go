package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/access"
	"jitbot/jit/reach"
)

const (
	mutated   = 20000
	foreignID = "U0FOREIGN" // a member, in whose name payloads of elsewhere come
)

// sample is a payload as Slack sent it.
type sample struct {
	kind    string // of the envelope
	payload map[string]any
}

// samples does everything that can be done in Slack, and gives what Slack sent.
func (o *setup) samples() []sample {
	o.t.Helper()
	o.service.offer, o.service.vms = wide(), machines(3)
	o.service.results = []access.VMResult{{VM: o.service.vms[0]}}
	o.service.found = []reach.Finding{finding(1, reach.ClassUnhealthy, "Rule r opens management ports to Any.")}
	_, card := o.pending()
	for _, line := range []string{
		"list", "vms", "scan", "explain web-1", "help", "unprotect web-1", "done g-7k2qd", "revoke g-7k2qd for x", "approve g-7k2qd",
		"deny g-7k2qd for x", "cancel g-7k2qd", "request web-1 22 1h from 203.0.113.7 for the fix",
	} {
		o.must(o.sim.Slash(o.ctx, graceID, approvals, "/jit", line))
	}
	question := o.shown(graceID, "Nothing is changed yet")
	o.must(o.sim.Click(o.ctx, graceID, question.Channel, question.TS, "Unprotect"))
	scan := o.shown(graceID, "opens management ports")
	o.must(o.sim.Click(o.ctx, graceID, scan.Channel, scan.TS, "Protect"))
	v := o.form(graceID)
	o.must(o.sim.Submit(o.ctx, graceID, v.ID, protectFields()))
	o.asksByForm(adaID)
	o.must(o.sim.Click(o.ctx, graceID, card.Channel, card.Message, "deny"))
	v = o.form(graceID)
	o.must(o.sim.Submit(o.ctx, graceID, v.ID, slacksim.Values{"reason": "not today"}))
	for _, button := range []string{"approve", "revoke", "done", "cancel"} {
		value := "g-7k2qd"
		o.must(o.sim.ClickRaw(o.ctx, graceID, card.Channel, card.Message, "approve", slacksim.Raw{Edit: func(p map[string]any) {
			p["actions"].([]any)[0].(map[string]any)["action_id"] = button
			p["actions"].([]any)[0].(map[string]any)["value"] = value
		}}))
	}
	o.must(o.sim.OpenHome(o.ctx, graceID))
	o.must(o.sim.Shortcut(o.ctx, linusID, "request_access"))
	o.must(o.sim.Mention(o.ctx, graceID, approvals, "<@U0JITBOT> hello"))
	var out []sample
	for _, e := range o.sim.Envelopes() {
		s := sample{kind: e.Type}
		if err := json.Unmarshal(e.Payload, &s.payload); err != nil {
			o.t.Fatal(err)
		}
		delete(s.payload, "response_url") // answers go by direct message, where nothing is used up
		out = append(out, s)
	}
	return out
}

// object is what a payload holds at a key, made when there is none.
func object(p map[string]any, key string) map[string]any {
	in, ok := p[key].(map[string]any)
	if !ok {
		in = map[string]any{}
		p[key] = in
	}
	return in
}

// by sets who a payload is of.
func (s sample) by(id string) {
	switch s.kind {
	case "slash_commands":
		s.payload["user_id"] = id
	case "events_api":
		object(s.payload, "event")["user"] = id
	default:
		object(s.payload, "user")["id"] = id
	}
}

// elsewhere makes a payload one of another workspace, organization or installation.
func (s sample) elsewhere(r *rand.Rand) {
	p := s.payload
	s.by(foreignID)
	switch s.kind {
	case "slash_commands":
		p[[]string{"team_id", "enterprise_id"}[r.IntN(2)]] = []string{"T0OTHER", "E0OTHER"}[r.IntN(2)]
		if r.IntN(3) == 0 {
			delete(p, "team_id")
		}
		return
	case "events_api":
		p["authorizations"] = []any{map[string]any{"team_id": "T0OTHER"}}
		return
	}
	switch change := r.IntN(6); {
	case change == 0:
		object(p, "enterprise")["id"] = "E0OTHER"
	case change == 1:
		object(p, "user")["team_id"] = "E0OTHER"
	case change == 2 && p["view"] != nil:
		object(p, "view")["app_installed_team_id"] = "T0OTHER"
	case change == 3:
		p["team"] = nil // and of no installation in an organization
		delete(object(p, "view"), "app_installed_team_id")
	case change == 4:
		delete(object(p, "view"), "app_installed_team_id")
		object(p, "team")["id"] = "T0OTHER"
	default:
		object(p, "team")["enterprise_id"] = "E0OTHER"
	}
}

// connected makes a payload one of a connected channel, or of an installation in the
// whole organization.
func (s sample) connected(r *rand.Rand) {
	if s.kind != "interactive" {
		return
	}
	if r.IntN(2) == 0 {
		s.payload["team"], s.payload["is_enterprise_install"] = nil, []any{true, "true"}[r.IntN(2)]
		object(s.payload, "enterprise")["id"] = demoOrg
		return
	}
	object(s.payload, "team")["id"] = "T0OTHER"
	object(s.payload, "user")["team_id"] = []string{"T0OTHER", demoOrg}[r.IntN(2)]
	object(s.payload, "view")["app_installed_team_id"] = slacksim.DemoTeamID
}

// bend changes something anywhere in a payload, but who it is of.
func bend(r *rand.Rand, v any) any {
	if r.IntN(4) == 0 {
		return []any{
			nil, true, 1e300, -1, "", strings.Repeat("x", 5000), "\x00\u202e\ufffd", "<!channel>",
			[]any{},
			map[string]any{},
			[]any{[]any{nil}},
			"g-7k2qd", "approve", "protect", "request", "[]", "{}", "'; drop", "\u3164",
		}[r.IntN(19)]
	}
	switch v := v.(type) {
	case map[string]any:
		keys := slices.DeleteFunc(slices.Sorted(maps.Keys(v)), func(k string) bool {
			return slices.Contains([]string{"user", "user_id", "team", "team_id", "enterprise", "enterprise_id", "app_installed_team_id", "authorizations"}, k)
		})
		if len(keys) == 0 {
			return v
		}
		k := keys[r.IntN(len(keys))]
		if r.IntN(5) == 0 {
			delete(v, k)
			return v
		}
		v[k] = bend(r, v[k])
	case []any:
		if len(v) > 0 {
			n := r.IntN(len(v))
			v[n] = bend(r, v[n])
			if r.IntN(5) == 0 {
				return append(v, slices.Repeat(v[:1], 200)...)
			}
		}
	}
	return v
}

// mutate is the n-th payload, as it is sent.
func mutate(all []sample, n uint64) []byte {
	r := rand.New(rand.NewPCG(n, 7))
	s := all[r.IntN(len(all))]
	raw, err := json.Marshal(s.payload)
	if err != nil {
		panic(err)
	}
	s.payload = nil
	if err := json.Unmarshal(raw, &s.payload); err != nil {
		panic(err)
	}
	switch n % 4 {
	case 0:
		s.by([]string{gusID, "U0STRANGER", "U0NOWHERE", "U0NOBODY", "U0GONE", "U0JITBOT", "", "<!channel>"}[r.IntN(8)])
	case 1:
		s.connected(r)
	}
	for range r.IntN(4) {
		bend(r, s.payload)
	}
	if n%4 == 2 { // last, so that nothing mends it
		s.elsewhere(r)
	}
	s.payload["trigger_id"] = fmt.Sprint("trigger-", n)
	frame := map[string]any{"type": s.kind, "envelope_id": fmt.Sprint("e-", n), "payload": any(s.payload), "accepts_response_payload": true}
	switch r.IntN(50) {
	case 0:
		frame["payload"] = bend(r, []any{"text"})
	case 1:
		frame["type"] = []any{"hologram", nil, 7, "interactive", "events_api", "slash_commands"}[r.IntN(6)]
	}
	raw, err = json.Marshal(frame)
	if err != nil {
		panic(err)
	}
	return raw
}

// Whatever Slack, or somebody in its name, sends: each payload is acknowledged in
// time, none makes the bot panic, and nothing is done in the name of somebody who is
// no member, or of a payload of elsewhere.
func TestMutatedPayloads(t *testing.T) {
	o := setUp(t, slacksim.Options{EnterpriseID: demoOrg, NoRateLimits: true})
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Minute)
	defer cancel()
	o.ctx, o.conf.PerPerson = ctx, 1<<30
	for _, u := range []slacksim.User{
		{ID: foreignID}, {ID: "U0STRANGER", TeamID: "T0EVIL", Stranger: true}, {ID: "U0NOWHERE", NoTeam: true}, {ID: "U0GONE", Deleted: true},
	} {
		o.sim.AddUser(u)
	}
	o.open()
	all := o.samples()
	o.finished()
	var wg sync.WaitGroup
	for part := range uint64(8) {
		wg.Go(func() {
			for n := part; n < mutated && !t.Failed(); n += 8 {
				frame := mutate(all, n)
				if _, err := o.sim.Deliver(ctx, frame); err != nil {
					t.Errorf("payload %d: %v: %.3000s", n, err, frame)
				}
			}
		})
	}
	wg.Wait()
	o.finished()
	if text := o.logs.String(); strings.Contains(text, "panic") {
		t.Errorf("the bot panicked: %.5000s", text[strings.Index(text, "panic")-200:])
	}
	members := map[string]bool{adaID: true, graceID: true, linusID: true}
	effects := 0
	o.service.mu.Lock()
	defer o.service.mu.Unlock()
	for _, call := range o.service.calls {
		what, rest, _ := strings.Cut(call, " ")
		if what == "check" {
			continue
		}
		effects++
		if by, _, _ := strings.Cut(rest, " "); !members[by] {
			t.Errorf("done without authority: %s", call)
		}
	}
	if effects < mutated/20 {
		t.Errorf("%d effects only: the payloads are not what they should be", effects)
	}
	for _, g := range o.service.grants {
		if !members[string(g.Request.By.ID)] || errors.Is(o.service.fail, jit.ErrAuthority) {
			t.Errorf("a grant of %s", g.Request.By.ID)
		}
	}
}
