package bot_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"jitbot/bot"
	"jitbot/jit"
)

var update = flag.Bool("update", false, "write the golden files")

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func after(d time.Duration) time.Time { return noon.Add(d) }

// asked is a request with everything that a screen may show.
func asked() jit.Grant {
	return jit.Grant{
		ID: "g-7k2qd", Revision: 1, State: jit.Asked, Channel: "C0APPROVALS", Required: 2,
		Request: jit.Request{
			By: jit.Person{ID: "U0ADA", Entra: "11111111-2222-3333-4444-555555555555", Name: "ada@contoso.example"},
			Targets: []jit.Target{
				{VM: "/subscriptions/s/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/web-1", Name: "web-1", Group: "rg-prod", Production: true},
				{VM: "/subscriptions/s/resourceGroups/rg-test/providers/Microsoft.Compute/virtualMachines/web_2", Name: "web_2", Group: "rg-test"},
			},
			Ports:    []jit.Ports{{From: 22, To: 22, Protocol: jit.TCP}, {From: 53, To: 53, Protocol: jit.UDP}, {From: 8000, To: 8010, Protocol: jit.AnyProtocol}},
			Sources:  []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8::/64")},
			Duration: 90 * time.Minute, Reason: "deploying <!channel> the *fix*, see https://evil.example", At: noon,
		},
		Notes: []string{"On web-1 the rule allow-all (priority 300) already opens port 22."},
	}
}

var (
	ada   = jit.Person{ID: "U0ADA", Name: "ada@contoso.example"}
	grace = jit.Person{ID: "U0GRACE", Name: "grace@contoso.example"}
	linus = jit.Person{ID: "U0LINUS", Name: "linus@contoso.example"}
)

func must(g jit.Grant, e jit.Event, err error) (jit.Grant, jit.Event) {
	if err != nil {
		panic(err)
	}
	return g, e
}

// moments are the states and events of lives, by name.
func moments() map[string]struct {
	g jit.Grant
	e jit.Event
} {
	all := map[string]struct {
		g jit.Grant
		e jit.Event
	}{}
	keep := func(name string, g jit.Grant, e jit.Event) (jit.Grant, jit.Event) {
		all[name] = struct {
			g jit.Grant
			e jit.Event
		}{g, e}
		return g, e
	}
	first := asked()
	first.Clock.RemindBefore = 10 * time.Minute
	keep("asked", first, jit.Event{Kind: jit.EventAsked})
	keepMust := func(name string) func(jit.Grant, jit.Event, error) jit.Grant {
		return func(g jit.Grant, e jit.Event, err error) jit.Grant {
			g, e = must(g, e, err)
			keep(name, g, e)
			return g
		}
	}
	keepMust("refused")(first.Refuse("You lack Microsoft.Compute/virtualMachines/read at web-1; ask whoever manages it.", after(time.Second)))
	keepMust("permitted")(first.Permit(ada, after(time.Second)))
	pending := keepMust("waiting")(first.Wait(ada, []string{"S0APPROVERS", "U0GRACE"}, 2, after(time.Hour), after(time.Second)))
	keepMust("denied")(pending.Deny(grace, "not today, <@U1> is on holiday", after(time.Minute)))
	keepMust("lapsed")(pending.Lapse(after(time.Hour)))
	keepMust("cancelled")(pending.Cancel(ada, after(time.Minute)))
	half := keepMust("approved-once")(pending.Approve(grace, after(time.Minute)))
	opening := keepMust("approved")(half.Approve(linus, after(2*time.Minute)))
	held, events, err := opening.Hold("closings are late", after(2*time.Minute))
	if err != nil {
		panic(err)
	}
	keep("held", held, events[0])
	begun := keepMust("opening")(opening.Begin([]jit.Path{
		{VM: "vm", Guard: "/subscriptions/s/resourceGroups/rg-prod/providers/Microsoft.Network/networkSecurityGroups/nsg-web"},
	}, time.Minute, after(2*time.Minute)))
	keepMust("failed")(begun.Close(jit.Decision{Ending: jit.Failed, Reason: "Azure did not confirm the rule within 1m."}, after(3*time.Minute), after(3*time.Minute)))
	open := keepMust("opened")(begun.Confirm(after(2*time.Minute + 5*time.Second)))
	reminded, events, err := open.Remind(after(85 * time.Minute))
	if err != nil {
		panic(err)
	}
	keep("reminded", reminded, events[0])
	unchecked := open
	unchecked.Unchecked = true
	keep("unchecked", unchecked, jit.Event{Kind: jit.EventUnchecked, Text: "The holder's rights could not be read (Azure is busy); the access is kept until they can."})
	drifted := open
	keep("drift", drifted, jit.Event{Kind: jit.EventDrift, Text: "Rule jitbot-prod-g-7k2qd-a is gone from nsg-web; it is written again."})
	hindered, events := open.Hinder(open.Paths[0].Guard, "The rule block-ssh (priority 100) in nsg-web denies this before any allow of ours; move it behind our band or ask from elsewhere.", after(3*time.Minute))
	keep("hindered", hindered, events[0])
	keepMust("failed-unbegun")(opening.Close(jit.Decision{Ending: jit.Failed, Reason: "it waited too long to be opened: closings are late"}, after(time.Hour), after(time.Hour)))
	unbegun := keepMust("closing-unbegun")(opening.Close(jit.Decision{Ending: jit.Revoked, By: grace}, after(3*time.Minute), after(3*time.Minute)))
	keepAll := func(name string) func(jit.Grant, []jit.Event, error) {
		return func(g jit.Grant, events []jit.Event, err error) {
			if err != nil {
				panic(err)
			}
			keep(name, g, events[0])
		}
	}
	keepAll("closed-unbegun")(unbegun.Gone("", after(3*time.Minute)))
	keepAll("moved")(open.Follow([]jit.Path{{VM: "vm", Guard: "/subscriptions/s/resourceGroups/rg-prod/providers/Microsoft.Network/networkSecurityGroups/nsg-other"}}, after(time.Hour)))
	nobody, e, err := pending.Deny(jit.Person{}, "the entry under approvals is gone", after(time.Minute))
	if err != nil {
		panic(err)
	}
	keep("denied-by-jitbot", nobody, e)
	for _, d := range []jit.Decision{
		{Ending: jit.Vanished, Reason: "web-1 does not exist any more"},
		{Ending: jit.Expired},
		{Ending: jit.Finished, By: ada},
		{Ending: jit.Revoked, By: grace, Reason: "incident over"},
		{Ending: jit.RightsLost, Reason: "the account is disabled"},
		{Ending: jit.Drifted, Reason: "rule removed by hand"},
	} {
		name := strings.ReplaceAll(string(d.Ending), " ", "-")
		closing := keepMust("closing-" + name)(open.Close(d, after(90*time.Minute), after(90*time.Minute)))
		if d.Ending == jit.Expired {
			keep("orphan", closing, jit.Event{Kind: jit.EventOrphan, Text: "The rule jitbot-prod-g-7k2qd-a of nsg-web had no live grant and was removed."})
			stuck, events := closing.Trouble(closing.Paths[0].Guard, "403 AuthorizationFailed: the client does not have authorization", true, after(92*time.Minute))
			keep("stuck", stuck, events[0])
		}
		gone, events, err := closing.Gone(closing.Paths[0].Guard, after(91*time.Minute))
		if err != nil {
			panic(err)
		}
		keep("closed-"+name, gone, events[0])
	}
	return all
}

func TestScreensOfEveryMoment(t *testing.T) {
	for name, m := range moments() {
		golden(t, "card-"+name, bot.GrantCard(m.g))
		told := m.e.Tell()
		if m.e.Kind == jit.EventDrift || m.e.Kind == jit.EventUnchecked || m.e.Kind == jit.EventOrphan {
			told = []jit.Audience{jit.ToThread}
		}
		for _, to := range told {
			switch to {
			case jit.ToThread:
				golden(t, "thread-"+name, bot.ThreadReply(m.e, m.g))
			case jit.ToRequester:
				golden(t, "direct-"+name, bot.DirectMessage(m.e, m.g))
			case jit.ToCard, jit.ToChannel:
			}
		}
	}
	// A notice that comes late does not say open of what is closed by now.
	late, now := moments()["opened"], moments()["closed-expired"].g
	golden(t, "thread-opened-late", bot.ThreadReply(late.e, now))
	golden(t, "direct-opened-late", bot.DirectMessage(late.e, now))
	golden(t, "direct-reminded-late", bot.DirectMessage(moments()["reminded"].e, now))
}

func TestScreensOfTheChannel(t *testing.T) {
	const vm = "/subscriptions/s/resourceGroups/rg-prod/providers/Microsoft.Compute/virtualMachines/web-1"
	ports := []jit.Ports{{From: 22, To: 22, Protocol: jit.TCP}, {From: 8000, To: 8010, Protocol: jit.AnyProtocol}}
	for name, e := range map[string]jit.Event{
		"protected":          {Kind: jit.EventProtected, Actor: grace, VMs: []string{vm}, Ports: ports},
		"protected-always":   {Kind: jit.EventProtected, VMs: []string{vm}, Ports: ports},
		"protected-below":    {Kind: jit.EventProtected, Actor: grace, VMs: []string{vm}, Ports: ports, Text: "what does not come from the Internet"},
		"unprotected":        {Kind: jit.EventUnprotected, Actor: grace, VMs: []string{vm}, Ports: ports},
		"unprotected-always": {Kind: jit.EventUnprotected, VMs: []string{vm}, Ports: ports, Text: "the VM does not exist any more"},
		"drift":              {Kind: jit.EventDrift, VMs: []string{vm}, Ports: ports, Text: "Somebody removed or changed the rule jitbot-prod-deny-over-1 of nsg-web, which keeps web-1 shut; it was put back."},
		"exposed":            {Kind: jit.EventExposed, VMs: []string{vm}, Ports: ports, Text: "whom these allows of other people let in, which are asked first: ssh (priority 120) of nsg-web"},
		"shut-again":         {Kind: jit.EventExposed, VMs: []string{vm}, Ports: ports},
		"moved":              {Kind: jit.EventMoved, VMs: []string{vm}, Ports: ports, Text: "The addresses or network security groups of web-1 changed; the denies follow."},
		"orphan":             {Kind: jit.EventOrphan, Text: "The rule jitbot-prod-g-7k2qd-a of nsg-web had no live grant and was removed."},
		"unknown":            {Kind: "invented", VMs: []string{"web-1", "<!channel>"}, Text: "`<!channel>`"},
	} {
		golden(t, "channel-"+name, bot.ChannelMessage(e))
	}
	nasty := jit.Event{Kind: jit.EventProtected, Text: strings.Repeat("<!channel> ", 1000)}
	for range 100 {
		nasty.VMs = append(nasty.VMs, "/subscriptions/s/resourceGroups/<!channel>/x/y/"+strings.Repeat("v", 500))
		nasty.Ports = append(nasty.Ports, jit.Ports{From: 10000, To: 20000, Protocol: jit.UDP})
	}
	for _, kind := range []jit.EventKind{jit.EventProtected, jit.EventUnprotected, jit.EventDrift, jit.EventExposed, "", "<!channel>"} {
		nasty.Kind = kind
		raw, err := json.Marshal(bot.ChannelMessage(nasty))
		if err != nil {
			t.Fatal(err)
		}
		checkLimits(t, "channel of "+string(kind), raw)
		if bytes.Contains(raw, []byte("<!channel>")) {
			t.Errorf("%q mentions the channel", kind)
		}
	}
}

func TestScreensOfLists(t *testing.T) {
	all := moments()
	golden(t, "list-empty", bot.GrantList(nil, false))
	golden(t, "list-empty-all", bot.GrantList(nil, true))
	golden(t, "list-mine", bot.GrantList([]jit.Listed{
		{Grant: all["waiting"].g, Mine: true}, {Grant: all["opened"].g, Mine: true}, {Grant: all["stuck"].g, Mine: true},
	}, false))
	golden(t, "list-approver", bot.GrantList([]jit.Listed{
		{Grant: all["waiting"].g, Approver: true},
		{Grant: all["held"].g, Approver: true},
		{Grant: all["opened"].g, Admin: true},
		{Grant: all["opened"].g},
		{Grant: all["asked"].g},
	}, true))
}

func TestDenyForm(t *testing.T) {
	raw, err := json.Marshal(bot.DenyForm("g-7k2qd"))
	if err != nil {
		t.Fatal(err)
	}
	checkLimits(t, "form-deny", raw)
	compare(t, "form-deny", raw)
}

// A grant with the most and the worst that may be in it still fits.
func TestScreensKeepSlacksLimits(t *testing.T) {
	for _, nasty := range []string{strings.Repeat("<!channel> ", 1000), strings.Repeat("x", 10000), strings.Repeat("*`_~ ", 2000), "\u202e\u200b"} {
		for name, m := range moments() {
			g, e := m.g, m.e
			g.Request.Reason, g.Decision.Reason, g.Waiting, e.Text = nasty, nasty, nasty, nasty
			g.Request.By.Name = nasty
			g.Notes = nil
			for range 11 {
				g.Notes = append(g.Notes, nasty)
				g.Approvers = append(g.Approvers, "S0APPROVERS")
				g.Approvals = append(g.Approvals, jit.Approval{By: grace, At: noon})
				g.Request.Targets = append(g.Request.Targets, jit.Target{Name: nasty, Group: nasty, Production: true})
				g.Request.Sources = append(g.Request.Sources, netip.MustParsePrefix("2001:db8:1111:2222:3333:4444:5555:6666/128"))
				g.Request.Ports = append(g.Request.Ports, jit.Ports{From: 10000, To: 20000, Protocol: jit.AnyProtocol})
				g.Paths = append(g.Paths, jit.Path{Guard: "/x/" + nasty, Fault: nasty})
			}
			for kind, s := range map[string]bot.Screen{
				"card": bot.GrantCard(g, slices.Repeat([]jit.Grant{g}, 30)...), "thread": bot.ThreadReply(e, g), "direct": bot.DirectMessage(e, g),
				"list": bot.GrantList(slices.Repeat([]jit.Listed{{Grant: g, Mine: true}, {Grant: g, Approver: true, Admin: true}}, 15), true),
			} {
				raw, err := json.Marshal(s)
				if err != nil {
					t.Fatal(err)
				}
				checkLimits(t, fmt.Sprintf("%s of %s with %.10q", kind, name, nasty), raw)
				if bytes.Contains(raw, []byte("<!channel>")) && !bytes.Contains(raw, []byte(`"plain_text"`)) {
					t.Errorf("%s of %s mentions the channel", kind, name)
				}
			}
		}
	}
}

// golden compares a screen with its file and with Slack's limits.
func golden(t *testing.T, name string, s bot.Screen) {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"text": s.Text, "blocks": s.Blocks})
	if err != nil {
		t.Fatal(err)
	}
	checkLimits(t, name, raw)
	compare(t, name, raw)
}

func compare(t *testing.T, name string, raw []byte) {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name+".golden.json")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; write the golden files with -update", err)
	}
	if diff := cmp.Diff(string(want), buf.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// checkLimits holds a screen against the documented limits.
// https://docs.slack.dev/reference/block-kit
func checkLimits(t *testing.T, name string, raw []byte) {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	atMost := func(what string, s any, min, max int) {
		text, _ := s.(string)
		if n := utf8.RuneCountInString(text); n < min || n > max {
			t.Errorf("%s: %s has %d characters, not %d to %d", name, what, n, min, max)
		}
	}
	text := func(o map[string]any, key string) any {
		inner, _ := o[key].(map[string]any)
		return inner["text"]
	}
	var visit func(v any)
	visit = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				visit(x)
			}
		case map[string]any:
			for key, x := range v {
				elements, _ := x.([]any)
				most := 50
				if v["type"] == "modal" || v["type"] == "home" {
					most = 100
				}
				switch {
				case strings.EqualFold(key, "blocks") && len(elements) > most:
					t.Errorf("%s: %d blocks", name, len(elements))
				case key == "options":
					most := map[any]int{"checkboxes": 10}[v["type"]]
					if len(elements) > max(most, 100-90*min(most, 1)) || len(elements) == 0 {
						t.Errorf("%s: %d options of %v", name, len(elements), v["type"])
					}
					for _, o := range elements {
						o := o.(map[string]any)
						atMost("an option", text(o, "text"), 1, 75)
						atMost("an option's value", o["value"], 1, 75)
						if o["description"] != nil {
							atMost("an option's description", text(o, "description"), 1, 75)
						}
					}
				case key == "fields":
					if len(elements) > 10 {
						t.Errorf("%s: %d fields", name, len(elements))
					}
					for _, f := range elements {
						atMost("a field", f.(map[string]any)["text"], 1, 2000)
					}
				}
				visit(x)
			}
			elements, _ := v["elements"].([]any)
			switch v["type"] {
			case "section":
				if v["text"] != nil {
					atMost("a section", text(v, "text"), 1, 3000)
				} else if v["fields"] == nil {
					t.Errorf("%s: an empty section", name)
				}
			case "header":
				atMost("a header", text(v, "text"), 1, 150)
			case "context":
				if len(elements) < 1 || len(elements) > 10 {
					t.Errorf("%s: a context of %d", name, len(elements))
				}
			case "actions":
				if len(elements) < 1 || len(elements) > 25 {
					t.Errorf("%s: actions of %d", name, len(elements))
				}
			case "button":
				atMost("a button", text(v, "text"), 1, 75)
				atMost("a value", v["value"], 1, 2000)
				atMost("an action_id", v["action_id"], 1, 255)
				atMost("a label", v["accessibility_label"], 1, 75)
				if c, ok := v["confirm"].(map[string]any); ok {
					atMost("a confirmation's title", text(c, "title"), 1, 100)
					atMost("a confirmation's text", text(c, "text"), 1, 300)
					atMost("a confirmation's yes", text(c, "confirm"), 1, 30)
					atMost("a confirmation's no", text(c, "deny"), 1, 30)
				}
			case "input":
				atMost("a label", text(v, "label"), 1, 2000)
				if v["hint"] != nil {
					atMost("a hint", text(v, "hint"), 1, 2000)
				}
				atMost("a block_id", v["block_id"], 1, 255)
			case "plain_text_input":
				if most, ok := v["max_length"].(float64); ok && v["initial_value"] != nil {
					atMost("an initial value", v["initial_value"], 1, int(most))
				}
			case "modal":
				atMost("private_metadata", v["private_metadata"], 0, 3000)
				if v["submit"] == nil {
					if bytes.Contains(raw, []byte(`"type":"input"`)) {
						t.Errorf("%s: inputs without submit", name)
					}
					v["submit"] = map[string]any{"text": "none"}
				}
				atMost("a title", text(v, "title"), 1, 24)
				atMost("submit", text(v, "submit"), 1, 24)
				atMost("close", text(v, "close"), 1, 24)
			case "mrkdwn", "plain_text":
				atMost("a text", v["text"], 1, 3000)
			}
		}
	}
	visit(v)
	if o := v.(map[string]any); o["text"] != nil || o["Text"] != nil {
		if s, ok := o["text"].(string); ok {
			atMost("the top-level text", s, 1, 4000)
		}
		if s, ok := o["Text"].(string); ok {
			atMost("the top-level text", s, 1, 4000)
		}
	}
}
