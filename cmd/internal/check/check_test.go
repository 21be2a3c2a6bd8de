package check_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"jitbot/bot/slacksim"
	"jitbot/cmd/internal/app"
	"jitbot/cmd/internal/check"
	"jitbot/cmd/internal/config"
	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
	"jitbot/store/bolt"
)

// premises is a world in which everything is in place, for check to look at.
type premises struct {
	t     *testing.T
	slack *slacksim.Sim
	azure *azuresim.Sim
	o     app.Options
}

func newPremises(t *testing.T) *premises {
	t.Helper()
	return newPremisesOf(t, slacksim.Options{})
}

func newPremisesOf(t *testing.T, of slacksim.Options) *premises {
	t.Helper()
	p := &premises{t: t, slack: slacksim.New(of), azure: azuresim.New(azuresim.Options{})}
	network := slacksim.NewNetwork(p.slack)
	t.Cleanup(func() {
		p.slack.Close()
		p.must(network.Close())
	})
	slacksim.SeedDemo(p.slack)
	azuresim.SeedDemo(p.azure)
	p.azure.PutRoleDefinition(azuresim.RoleDefinition{ID: azuresim.RoleJITBot, Name: "printed", Custom: true, Actions: simulated.RoleActions(t, app.BotRole, app.AllFirewalls)})
	p.azure.Configure(func(s *azuresim.Settings) { s.EnforceRBAC = true })
	reach := simulated.AzureConfig(t, p.azure)
	p.o = app.Options{
		Config: config.Config{Store: filepath.Join(t.TempDir(), "jitbot.db"), SlackURL: "http://slack.example/api/", Azure: inAzure(reach), Jit: checked()},
		Tokens: config.Tokens{Bot: p.slack.Options().BotToken, App: p.slack.Options().AppToken},
		HTTP:   network.Client(), Credential: reach.Credential, Transport: reach.Transport,
	}
	s, err := bolt.Open(t.Context(), p.o.Config.Store, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return p
}

// inAzure is what the configuration says of the same.
func inAzure(c azure.Config) config.Azure {
	return config.Azure{
		Subscriptions: c.Subscriptions, Cloud: config.Cloud(c.Cloud),
		Custom: config.Custom{
			AuthorityHost:   c.Custom.AuthorityHost,
			ResourceManager: config.Endpoint(c.Custom.ResourceManager),
			Graph:           config.Endpoint(c.Custom.Graph),
		},
	}
}

// checked is a configuration for the demo's people and machines: bare-1, which
// has no network security group, is left out.
func checked() policies.Config {
	c := simulated.Config()
	c.Channel = slacksim.DemoChannelID
	c.Users = map[jit.UserID]string{
		slacksim.DemoEngineerID: azuresim.DemoAdaUPN, slacksim.DemoApproverID: azuresim.DemoGraceMail, slacksim.DemoApprover2ID: azuresim.DemoAlanMail,
	}
	c.Admins = []string{slacksim.DemoApprover2ID}
	c.Approvals = []policies.ApprovalRule{{Approvers: []string{slacksim.DemoApproversID}, Required: 1}}
	c.Policies[0].Match = policies.Match{Group: "prod-*"}
	dev := c.Policies[0]
	dev.Match = policies.Match{Name: "dev-*"}
	always := c.Policies[0]
	always.Match, always.Always = policies.Match{Name: "db-*"}, true
	c.Policies = []policies.Policy{always, c.Policies[0], dev}
	return c
}

// must is for changes of the simulated world.
func (p *premises) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// check gives the lines.
func (p *premises) check() []string {
	var lines []string
	for _, f := range check.Run(p.t.Context(), p.o, nil) {
		lines = append(lines, f.String())
	}
	return lines
}

// fill takes priorities.
func (p *premises) fill(nsg string, from, to int) {
	p.t.Helper()
	for priority := from; priority <= to; priority++ {
		p.must(p.azure.PutRule(nsg, azuresim.Rule{
			Name: fmt.Sprint("taken-", priority), Priority: priority, Access: "Allow", Direction: "Inbound", Protocol: "Tcp",
			SourceAddressPrefix: "10.0.0.0/8", SourcePortRange: "*", DestinationAddressPrefix: "*", DestinationPortRange: "9",
		}))
	}
}

func (p *premises) rule(nsg, name string, priority int, access, port string) {
	p.t.Helper()
	p.must(p.azure.PutRule(nsg, azuresim.Rule{
		Name: name, Priority: priority, Access: access, Direction: "Inbound", Protocol: "*",
		SourceAddressPrefix: "*", SourcePortRange: "*", DestinationAddressPrefix: "*", DestinationPortRange: port,
	}))
}

// config is the one to change.
func (p *premises) config() *policies.Config { return &p.o.Config.Jit }

func (p *premises) nic(vm string) string {
	for _, v := range p.azure.VMs() {
		if v.ID == vm {
			return v.NICs[0]
		}
	}
	p.t.Fatalf("no machine %s", vm)
	return ""
}

// A sound world has no fault; what is there is named.
func TestCheckOfASoundWorld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPremises(t)
		before := p.azure.DumpRules(azuresim.DemoWebNICNSG, func(string) bool { return false })
		lines := p.check()
		text := strings.Join(lines, "\n")
		for _, want := range []string{
			"FAULT", // none
			"ok     store          ", "is whole and its owner's alone",
			"slack scopes   the bot token has all 10 of the manifest",
			"slack people   4 ids", "approvals      1 entry has",
			"Microsoft.Authorization/{denyAssignments/read, locks/read,", "networkSecurityGroups/securityRules/delete", "azureFirewalls/write",
			"azure machines 9 virtual machines are reachable by a grant; 1 of 10 match no policy",
			"azure rules    6 network security groups read; those in front of machines have room", "azure locks    there is none", "protection     protect: always can hold for 3 virtual machines",
			"entra users    3 users are known", "clock          it agrees",
		} {
			if strings.Contains(text, want) == (want == "FAULT") {
				t.Errorf("%q: said is\n%s", want, text)
			}
		}
		for _, r := range p.azure.Requests() {
			asks := r.Method == http.MethodGet || strings.HasSuffix(r.Path, "/listNetworkManagerEffectiveSecurityAdminRules")
			if !asks && r.Class != azuresim.ClassToken || r.Status >= 400 {
				t.Errorf("%s %s: %d", r.Method, r.Path, r.Status)
			}
		}
		if after := p.azure.DumpRules(azuresim.DemoWebNICNSG, func(string) bool { return false }); after != before {
			t.Errorf("it changed rules:\n%s", after)
		}
		p.silent(text)
	})
}

// silent wants no secret in what was said.
func (p *premises) silent(text string) {
	p.t.Helper()
	for _, secret := range []string{p.o.Tokens.Bot, p.o.Tokens.App, azuresim.DefaultClientSecret} {
		if strings.Contains(text, secret) {
			p.t.Errorf("a secret is shown in\n%s", text)
		}
	}
}

// Each fault alone is one line, and all of them together are each found.
func TestCheckNamesEachFault(t *testing.T) {
	for _, tt := range planted() {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPremises(t)
				tt.plant(p)
				var faults []string
				for _, line := range p.check() {
					if strings.HasPrefix(line, "FAULT") {
						faults = append(faults, line)
					}
				}
				if len(faults) == 0 || !says(faults, tt.what, tt.says) {
					t.Errorf("want %s with %q in\n%s", tt.what, tt.says, strings.Join(faults, "\n"))
				}
				for _, line := range faults {
					what := strings.TrimSpace(line[len("FAULT  "):21])
					if what != tt.what && what != tt.too {
						t.Errorf("besides %s it says %s", tt.what, line)
					}
				}
			})
		})
	}
}

func says(lines []string, what string, words []string) bool {
	return slices.ContainsFunc(lines, func(line string) bool {
		return strings.HasPrefix(line, fmt.Sprintf("FAULT  %-14s ", what)) &&
			!slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) })
	})
}

func TestCheckNamesAllFaultsTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPremises(t)
		faults := planted()
		for _, tt := range faults {
			tt.plant(p)
		}
		lines := p.check()
		for _, tt := range faults {
			if !says(lines, tt.what, tt.says) {
				t.Errorf("%s: want %s with %q", tt.name, tt.what, tt.says)
			}
		}
		text := strings.Join(lines, "\n")
		p.silent(text)
		t.Logf("it says\n%s", text)
	})
}
