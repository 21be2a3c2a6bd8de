package protect_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/protection"
	"jitbot/jit/reach"
	"jitbot/jit/resource"
)

func TestScanOfTheDemo(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		w.Pass(time.Second) // what the sweep reads first
		w.Azure.Reset()
		postures, order := w.Scan(carol)
		if len(order) != 10 || order[0] != "jump-1" {
			t.Errorf("order %v", order)
		}
		jump := postures["jump-1"]
		if jump.Class != reach.ClassUnhealthy || jump.Rules[0].Rule != "ssh-anywhere" || !strings.Contains(jump.Why, "ssh-anywhere") {
			t.Errorf("jump-1: %+v", jump)
		}
		for vm, class := range map[string]reach.Class{
			"web-1": reach.ClassHealthy, "db-1": reach.ClassHealthy, "db-2": reach.ClassHealthy, "db-3": reach.ClassHealthy,
			"bare-1": reach.ClassNotApplicable, "dev-1": reach.ClassUnhealthy, "dev-win": reach.ClassUnhealthy,
		} {
			if postures[vm].Class != class {
				t.Errorf("%s is %s: %s", vm, postures[vm].Class, postures[vm].Why)
			}
		}
		if n := w.requests("/networkSecurityGroups"); n != 1 {
			t.Errorf("%d requests for rules", n)
		}
		if err := w.Azure.SetPower(azuresim.DemoDev1, "deallocated"); err != nil {
			t.Fatal(err)
		}
		w.Protect("jump-1")
		postures, order = w.Scan(carol)
		if p := postures["dev-1"]; p.Class != reach.ClassUnhealthy || !slices.Contains(p.Notes, "It is deallocated now; the rules are open as soon as it starts.") {
			t.Errorf("dev-1: %+v", p)
		}
		if p := postures["jump-1"]; p.Class != reach.ClassHealthy || order[0] == "jump-1" {
			t.Errorf("protected jump-1 is %s: %s", p.Class, p.Why)
		}
		w.CheckPromises(foreign)
	})
}

// requests counts those whose path ends so.
func (w *world) requests(end string) int {
	n := 0
	for _, r := range w.Azure.Requests() {
		if strings.HasSuffix(strings.ToLower(r.Path), strings.ToLower(end)) {
			n++
		}
	}
	return n
}

func TestWhoSeesAScan(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		for by, want := range map[jit.UserID]int{ada: 10, bob: 0, grace: 10, carol: 10} {
			if _, order := w.Scan(by); len(order) != want {
				t.Errorf("%s sees %v", by, order)
			}
		}
		if _, _, err := w.Service.Scan(t.Context(), guest); !errors.Is(err, jit.ErrAuthority) {
			t.Errorf("a guest: %v", err)
		}
	})
}

// What cannot be read is said, and is no reason to call anything healthy.
func TestScanWithoutSurroundings(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Azure.AddFault(azuresim.Fault{Path: "routeTables", Status: 403, Code: "AuthorizationFailed"})
		postures, _ := w.Scan(carol)
		if p := postures["jump-1"]; p.Class != reach.ClassUnhealthy || !slices.ContainsFunc(p.Notes, func(n string) bool { return strings.Contains(n, "could not be read") }) {
			t.Errorf("%+v", p)
		}
	})
}

func TestScanBehindAFirewall(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		azuresim.SeedFirewalls(w.Azure)
		w.Start()
		// What the firewall lets in, the security group behind it denies.
		postures, _ := w.Scan(carol)
		app := postures["app-1"]
		if app.Class != reach.ClassHealthy || !strings.Contains(strings.Join(app.Notes, " "), "rule site/build-ssh (priority 1000) of the firewall hub-fw, 20.50.20.1 port 2201 leads to port 22 of 10.40.1.4") {
			t.Errorf("app-1: %+v", app)
		}
		if err := w.Azure.PutRule(azuresim.DemoAppNSG, azuresim.Rule{
			Name: "from-firewall-ssh", Protocol: "Tcp", SourceAddressPrefix: azuresim.DemoFirewallSubnet, SourcePortRange: "*",
			DestinationAddressPrefix: "*", DestinationPortRange: "22", Access: "Allow", Direction: "Inbound", Priority: 1100,
		}); err != nil {
			t.Fatal(err)
		}
		postures, _ = w.Scan(carol)
		app = postures["app-1"]
		if app.Class != reach.ClassUnhealthy || !slices.ContainsFunc(app.Rules, func(r reach.OpenRule) bool {
			return r.Rule == "site/build-ssh" && r.Level == reach.AtFirewall && r.Breadth.Words == "198.51.100.10 (one address)"
		}) {
			t.Errorf("app-1: %+v", app)
		}
	})
}

func TestExplain(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		e, err := w.Service.Explain(t.Context(), ada, "jump-1", ada)
		if err != nil {
			t.Fatal(err)
		}
		if e.Refusal != nil || e.Who.Entra != azuresim.DemoAda || !e.Policy || len(e.Offers) != 2 || e.Protected != "" || e.Blocked != nil {
			t.Fatalf("%+v", e)
		}
		if len(e.Guards) != 1 || !resource.Same(e.Guards[0], azuresim.DemoJumpNSG) {
			t.Errorf("guards %v", e.Guards)
		}
		ssh := e.Offers[0]
		if !ssh.HasRule || ssh.Rule.Required != 1 || ssh.TooFew != nil || ssh.Verdicts[0].Source != "Internet" || ssh.Verdicts[0].Verdict.Decision != reach.AnswerPartly {
			t.Errorf("%+v", ssh)
		}
		if !slices.ContainsFunc(ssh.Verdicts[0].Verdict.Why, func(r reach.Reason) bool { return r.Rule == "ssh-anywhere" }) {
			t.Errorf("the rule is not named: %+v", ssh.Verdicts[0].Verdict.Why)
		}
		if rdp := e.Offers[1].Verdicts; rdp[0].Verdict.Decision != reach.AnswerDeny || rdp[1].Verdict.Decision != reach.AnswerAllow {
			t.Errorf("RDP: %+v", rdp)
		}
		w.Protect("jump-1")
		if e, err = w.Service.Explain(t.Context(), ada, "jump-1", ada); err != nil || e.Protected != protection.Protected || e.Offers[0].Verdicts[0].Verdict.Decision != reach.AnswerDeny {
			t.Errorf("protected: %+v, %v", e, err)
		}
		if e, err = w.Service.Explain(t.Context(), carol, "bare-1", carol); err != nil || e.Blocked == nil || e.Posture.Class != reach.ClassNotApplicable {
			t.Errorf("bare-1: %+v, %v", e, err)
		}
		if grants, err := w.Store.Unfinished(t.Context()); err != nil || len(grants) != 0 {
			t.Errorf("a dry run stored %v, %v", grants, err)
		}
		w.CheckPromises(foreign)
	})
}

func TestWhoIsExplainedWhat(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		if e, err := w.Service.Explain(t.Context(), bob, "web-1", bob); !errors.Is(err, jit.ErrNotFound) || e.VM.Name != "" {
			t.Errorf("Bob, who may not see web-1: %+v, %v", e, err)
		}
		if _, err := w.Service.Explain(t.Context(), ada, "web-1", bob); !errors.Is(err, jit.ErrAuthority) {
			t.Errorf("Ada for Bob: %v", err)
		}
		if e, err := w.Service.Explain(t.Context(), carol, "web-1", bob); err != nil || e.Refusal == nil || e.For != bob {
			t.Errorf("Carol for Bob: %+v, %v", e, err)
		}
		if e, err := w.Service.Explain(t.Context(), carol, "web-1", guest); err != nil || e.Refusal == nil {
			t.Errorf("Carol for a guest: %+v, %v", e, err)
		}
		if _, err := w.Service.Explain(t.Context(), guest, "web-1", guest); !errors.Is(err, jit.ErrAuthority) {
			t.Errorf("a guest: %v", err)
		}
		for _, word := range []string{"nothing-1", "tag:env=prod"} {
			if _, err := w.Service.Explain(t.Context(), ada, word, ada); !errors.Is(err, jit.ErrNotFound) && !errors.Is(err, jit.ErrInput) {
				t.Errorf("%s: %v", word, err)
			}
		}
	})
}
