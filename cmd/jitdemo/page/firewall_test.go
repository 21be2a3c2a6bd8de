package page_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"jitbot/bot/slacksim"
	"jitbot/cmd/jitdemo/page"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/guardpath"
)

// shownWorld is what these tests read of the world event.
type shownWorld struct {
	Firewalls []struct {
		Name, Policy string
		Busy         bool
		Others       int
		Rules        []struct {
			Kind, Collection, Name, Access, Source, Ports, Destination, Leads, Policy, Grant, State string
			PublicEnd                                                                               string `json:"public_end"`
			Ours, Inherited                                                                         bool
		}
	}
	Grants []struct {
		State string
		Ways  []struct {
			Name           string
			Firewall, Done bool
		}
		PublicEnds []struct{ Public, To string } `json:"public_ends"`
	}
}

// text is the rules of a firewall, a line each.
func (w shownWorld) text(firewall string) string {
	var lines []string
	for _, f := range w.Firewalls {
		for _, r := range f.Rules {
			if f.Name != firewall {
				continue
			}
			line := fmt.Sprintf("%s %s/%s %s from %s", r.Kind, r.Collection, r.Name, r.Access, r.Source)
			if r.PublicEnd != "" {
				line += " at " + r.PublicEnd + " to " + r.Leads
			} else {
				line += " to " + r.Destination + " " + r.Ports
			}
			if r.Ours {
				line += " for " + r.Grant
			}
			if r.Inherited {
				line += " of " + r.Policy
			}
			lines = append(lines, strings.TrimSpace(line+" "+r.State))
		}
	}
	return strings.Join(lines, "\n")
}

// hub is a rig with firewalls, whose changes take as long as given.
func hub(t *testing.T, takes time.Duration) (*rig, func(want func(shownWorld) bool)) {
	r := newRig(t, func(o *page.Options) {
		azuresim.SeedFirewalls(o.Azure)
		o.Azure.Configure(func(s *azuresim.Settings) { s.FirewallTime = takes })
	})
	next := stream(t, r, slacksim.DemoEngineerID)
	return r, func(want func(shownWorld) bool) {
		t.Helper()
		next("world", func(data string) bool {
			var w shownWorld
			if err := json.Unmarshal([]byte(data), &w); err != nil {
				t.Fatal(err)
			}
			return want(w)
		})
	}
}

const ourDoor = "jitbot-demo-g-7k2qd-app-1-54ccb254-tcp-22"

// dnat is a collection with one DNAT rule of our name.
func dnat(collection string, priority int, port, to string) azuresim.RuleCollection {
	return azuresim.RuleCollection{Name: collection, Kind: azuresim.NAT, Priority: priority, Action: "Dnat", Rules: []azuresim.FirewallRule{{
		Name: ourDoor, Protocols: []string{"TCP"}, Sources: []string{"203.0.113.7"}, Destinations: []string{azuresim.DemoFirewallIP}, Ports: []string{port},
		TranslatedAddress: "10.40.1.4", TranslatedPort: to,
	}}}
}

// The rules stand in the order in which the firewall asks them, and are the
// bot's in its own collection only.
func TestFirewalls(t *testing.T) {
	r, see := hub(t, 0)
	f, _ := r.azure.Firewall(azuresim.DemoFirewall)
	f.Collections = append(f.Collections, dnat("jitbot-demo-dnat", 100, "50022", "22"), dnat("jitbot-notes", 200, "50443", "443"))
	if err := r.azure.PutFirewall(f); err != nil {
		t.Fatal(err)
	}
	see(func(w shownWorld) bool {
		if !strings.Contains(w.text("hub-fw"), "jitbot-notes") {
			return false
		}
		if len(w.Firewalls) != 2 || w.Firewalls[0].Policy != "edge-policy" || w.Firewalls[0].Others != 1 || w.Firewalls[0].Busy {
			t.Errorf("%+v", w.Firewalls)
		}
		if diff := cmp.Diff(strings.Join([]string{
			"nat jitbot-demo-dnat/" + ourDoor + " Dnat from 203.0.113.7 at 20.50.20.1:50022 to app-1:22 for g-7k2qd",
			"nat jitbot-notes/" + ourDoor + " Dnat from 203.0.113.7 at 20.50.20.1:50443 to app-1:443",
			"nat site/https Dnat from * at 20.50.20.1:443 to app-1:443",
			"nat site/build-ssh Dnat from 198.51.100.10 at 20.50.20.1:2201 to app-1:22",
			"network no-scanners/known Deny from 192.0.2.0/24 to * *",
			"network time-and-names/dns Allow from 10.40.0.0/16 to * 53, 123",
		}, "\n"), w.text("hub-fw")); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff("network no-scanners/known Deny from 192.0.2.0/24 to * * of corp-policy\n"+
			"network head-office/intranet Allow from 10.60.0.0/16 to 10.50.1.0/24 443", w.text("edge-fw")); diff != "" {
			t.Error(diff)
		}
		return true
	})
}

// manage sends a request to Resource Manager as the bot would.
func (r *rig) manage(t *testing.T, method, id, body string) string {
	t.Helper()
	send := func(req *http.Request, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		resp, err := azuresim.Transport{Handler: r.azure}.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode > 299 {
			t.Fatalf("%s %s: %d %s, %v", req.Method, req.URL, resp.StatusCode, text, err)
		}
		return string(text)
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {azuresim.DefaultClientID}, "client_secret": {azuresim.DefaultClientSecret},
		"scope": {azuresim.DefaultAudience + "/.default"},
	}
	sign, err := http.NewRequestWithContext(r.ctx, http.MethodPost, "https://login.example/"+azuresim.DefaultTenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	if err == nil {
		sign.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	var token struct {
		Text string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(send(sign, err)), &token); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(r.ctx, method, "https://management.azure.com"+id+"?api-version=2025-05-01", strings.NewReader(body))
	if err == nil {
		req.Header.Set("Authorization", "Bearer "+token.Text)
		req.Header.Set("Content-Type", "application/json")
	}
	return send(req, err)
}

// While a firewall is being changed it is busy, and what is written is told from
// what is in force.
func TestFirewallBeingChanged(t *testing.T) {
	r, see := hub(t, 2*time.Second)
	before := r.manage(t, http.MethodGet, azuresim.DemoFirewall, "")
	rule := `{"name":"new","properties":{"priority":100,"action":{"type":"Dnat"},"rules":[{"name":"ssh","protocols":["TCP"],"sourceAddresses":["203.0.113.7"],` +
		`"destinationAddresses":["20.50.20.1"],"destinationPorts":["50022"],"translatedAddress":"10.40.1.4","translatedPort":"22"}]}},`
	with := strings.Replace(before, `"natRuleCollections":[`, `"natRuleCollections":[`+rule, 1)
	const line = "nat new/ssh Dnat from 203.0.113.7 at 20.50.20.1:50022 to app-1:22"
	is := func(busy bool, state string) {
		t.Helper()
		see(func(w shownWorld) bool {
			i := slices.IndexFunc(strings.Split(w.text("hub-fw"), "\n"), func(l string) bool { return l == strings.TrimSpace(line+" "+state) })
			return w.Firewalls[1].Busy == busy && (i == 0) == (state != "gone")
		})
	}
	r.manage(t, http.MethodPut, azuresim.DemoFirewall, with)
	is(true, "coming")
	is(false, "")
	r.manage(t, http.MethodPut, azuresim.DemoFirewall, before)
	is(true, "going")
	is(false, "gone")
}

// A grant tells at which guard it waits, then where its holder connects to; and
// the clock does not run over an opening.
func TestGrantThroughAFirewall(t *testing.T) {
	r, see := hub(t, 0)
	group := guardpath.Path{VM: azuresim.DemoApp, Guard: azuresim.DemoAppNSG, Kind: guardpath.BehindFirewall, Confirmed: true}
	path := guardpath.Path{VM: azuresim.DemoApp, Guard: azuresim.DemoFirewall, Kind: guardpath.ByDNAT}
	put := func(state jit.State, c jit.Clock, paths ...guardpath.Path) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.grant = &jit.Grant{ID: "g-7k2qd", State: state, Clock: c, Paths: paths}
	}
	now := r.now()
	for state, c := range map[jit.State]jit.Clock{jit.Opening: {Begun: now, OpenBy: now.Add(10 * time.Minute)}, jit.Closing: {Closing: now}} {
		put(state, c, path, group)
		see(func(w shownWorld) bool {
			return len(w.Grants) == 1 && w.Grants[0].State == string(state) && fmt.Sprint(w.Grants[0].Ways) == "[{apps-nsg false true} {hub-fw true false}]"
		})
		want := map[jit.State]string{jit.Opening: "g-7k2qd is being opened", jit.Closing: "no deadline ahead"}[state]
		if _, text := r.post(t, "deadline", `{}`, nil); !strings.Contains(text, want) {
			t.Errorf("%s: %s", state, text)
		}
	}
	path.PublicEnds = []guardpath.PublicEnd{{Public: netip.MustParseAddrPort("20.50.20.1:50022"), To: netip.MustParseAddrPort("10.40.1.4:22")}}
	put(jit.Open, jit.Clock{Opened: now, Deadline: now.Add(time.Minute)}, path, group)
	see(func(w shownWorld) bool {
		return len(w.Grants) == 1 && w.Grants[0].Ways == nil && fmt.Sprint(w.Grants[0].PublicEnds) == "[{20.50.20.1:50022 port 22 of app-1}]"
	})
	if _, text := r.post(t, "deadline", `{}`, nil); strings.Contains(text, "failure") {
		t.Error(text)
	}
}
