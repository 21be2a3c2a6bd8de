package page_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"jitbot/bot/slacksim"
	"jitbot/cmd/jitdemo/page"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/protection"
)

// shown is what these tests read of the world event.
type shown struct {
	Guards []struct {
		Name  string
		Rules []struct {
			Name, Grant string
			Ours        bool
		}
	}
	Reach []struct{ VM, Protection string }
	Drift *struct{ Lost []lost }
	Knobs struct{ Fault string }
}

type lost struct {
	Guard, Rule, Grant, State string
	After                     int64
	Said                      *struct{ Channel, Thread string }
}

// worlds reads the stream until the world satisfies want.
func worlds(t *testing.T, r *rig) func(want func(w shown) bool) {
	t.Helper()
	next := stream(t, r, slacksim.DemoEngineerID)
	return func(want func(shown) bool) {
		t.Helper()
		next("world", func(data string) bool {
			var w shown
			if err := json.Unmarshal([]byte(data), &w); err != nil {
				t.Fatal(err)
			}
			return want(w)
		})
	}
}

func states(w shown) string {
	if w.Drift == nil {
		return "none"
	}
	var out []string
	for _, l := range w.Drift.Lost {
		out = append(out, l.Guard+" "+l.State)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// A terraform apply takes jitbot's rules and nothing else; what becomes of each
// is shown, and where jitbot told of it.
func TestTerraform(t *testing.T) {
	r := newRig(t, nil)
	before := r.azure.DumpRules(azuresim.DemoWebNICNSG, nil)
	see := worlds(t, r)
	see(func(w shown) bool { return states(w) == "none" })
	r.post(t, "terraform", `{}`, nil)
	see(func(w shown) bool { return states(w) == "" })
	r.open(t)
	r.post(t, "terraform", `{}`, nil)
	see(func(w shown) bool { return states(w) == "web-nic-nsg gone, web-subnet-nsg gone" })
	if after := r.azure.DumpRules(azuresim.DemoWebNICNSG, nil); after != before {
		t.Errorf("terraform left\n%s of\n%s", after, before)
	}
	card, thread, err := r.api.PostMessageContext(r.ctx, slacksim.DemoChannelID, slack.MsgOptionText("the card", false))
	if err != nil {
		t.Fatal(err)
	}
	r.write(t, azuresim.DemoWebNICNSG)
	see(func(w shown) bool { return states(w) == "web-nic-nsg back, web-subnet-nsg gone" })
	if _, _, err := r.api.PostMessageContext(r.ctx, card, slack.MsgOptionTS(thread), slack.MsgOptionText("the rule "+ourRule+" was put back", false)); err != nil {
		t.Fatal(err)
	}
	see(func(w shown) bool {
		return slices.ContainsFunc(w.Drift.Lost, func(l lost) bool {
			return l.Grant == "g-7k2qd" && l.Rule == ourRule && l.Said != nil && l.Said.Channel == card && l.Said.Thread == thread
		})
	})
	// A second apply is told with what is still gone.
	r.post(t, "terraform", `{}`, nil)
	see(func(w shown) bool { return states(w) == "web-nic-nsg gone, web-subnet-nsg gone" })
	r.mu.Lock()
	r.grant = nil
	r.mu.Unlock()
	see(func(w shown) bool { return states(w) == "web-nic-nsg unwanted, web-subnet-nsg unwanted" })
}

// A dead bot's store is not read: whether a rule is wanted is not known.
func TestTerraformWhileTheBotIsDead(t *testing.T) {
	r := newRig(t, nil)
	r.write(t, azuresim.DemoWebNICNSG)
	r.post(t, "kill", `{}`, nil)
	see := worlds(t, r)
	r.post(t, "terraform", `{}`, nil)
	see(func(w shown) bool { return states(w) == "web-nic-nsg gone" })
	r.write(t, azuresim.DemoDevNSG)
	see(func(w shown) bool { return ours(w, "dev-nsg") == "g-7k2qd" && states(w) == "web-nic-nsg gone" })
	r.post(t, "start", `{}`, nil)
	see(func(w shown) bool { return states(w) == "web-nic-nsg unwanted" })
}

// ours is whose the rules of the bot in a guard are.
func ours(w shown, guard string) string {
	var out []string
	for _, g := range w.Guards {
		for _, r := range g.Rules {
			if g.Name == guard && r.Ours {
				out = append(out, r.Grant)
			}
		}
	}
	return strings.Join(out, " ")
}

// A protected VM says so, and a store that cannot be read as well.
func TestProtectedVMs(t *testing.T) {
	fault := errors.New("the store is broken")
	r := newRig(t, nil)
	protect := func(s protection.State) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.protections = []protection.Protection{{VM: strings.ToUpper(azuresim.DemoJump), State: s}}
	}
	see := worlds(t, r)
	says := func(want string) {
		t.Helper()
		see(func(w shown) bool {
			got := ""
			for _, vm := range w.Reach {
				if vm.VM != "jump-1" && vm.Protection != "" {
					t.Errorf("%s is %s", vm.VM, vm.Protection)
				}
				if vm.VM == "jump-1" {
					got = vm.Protection
				}
			}
			return got == want
		})
	}
	says("")
	for state, want := range map[protection.State]string{protection.Protecting: "being protected", protection.Protected: "protected", protection.Unprotecting: "being unprotected"} {
		protect(state)
		says(want)
	}
	ill := newRig(t, func(o *page.Options) {
		o.Protections = func(context.Context) ([]protection.Protection, error) { return nil, fault }
	})
	worlds(t, ill)(func(w shown) bool {
		return strings.Contains(w.Knobs.Fault, "reading the protections: the store is broken")
	})
}

// Rules are the bot's by their whole names.
func TestWhoseRules(t *testing.T) {
	r := newRig(t, nil)
	for i, name := range []string{"jitbot-demo-deny-over-1234abcd", "jitbot-prod-deny-over-1234abcd", "jitbot-demo-notes"} {
		err := r.azure.PutRule(azuresim.DemoBackupNSG, azuresim.Rule{
			Name: name, Priority: 200 + i, Access: "Deny", Direction: "Inbound", Protocol: "*", SourceAddressPrefix: "*",
			SourcePortRange: "*", DestinationAddressPrefix: "10.20.2.4", DestinationPortRange: "22",
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	worlds(t, r)(func(w shown) bool {
		for _, g := range w.Guards {
			for _, rule := range g.Rules {
				if rule.Ours != (rule.Name == "jitbot-demo-deny-over-1234abcd") || rule.Grant != "" {
					t.Errorf("%s: ours %t, grant %q", rule.Name, rule.Ours, rule.Grant)
				}
			}
		}
		return true
	})
}
