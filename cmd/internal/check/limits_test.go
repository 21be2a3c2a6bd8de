package check_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/cmd/internal/app"
	"jitbot/cmd/internal/check"
	"jitbot/cmd/internal/config"
	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
	"jitbot/jit/text"
)

// looked runs check on a world that was changed, and wants lines with the
// words, one line each, and none with what is after "no ".
func looked(t *testing.T, change func(p *premises), want ...string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := newPremises(t)
		change(p)
		lines := p.check()
		for _, w := range want {
			words, unwanted := strings.CutPrefix(w, "no ")
			if slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, words) }) == unwanted {
				t.Errorf("%q: it says\n%s", w, strings.Join(lines, "\n"))
			}
		}
	})
}

func TestCheckOfSlack(t *testing.T) {
	without := func(scopes ...string) func(*premises) {
		return func(p *premises) {
			p.slack.SetScopes(slices.DeleteFunc(slices.Clone(p.slack.Options().BotScopes), func(s string) bool { return slices.Contains(scopes, s) })...)
		}
	}
	for _, tt := range []struct {
		name   string
		change func(p *premises)
		want   []string
	}{
		{"scopes that may be dropped", without("chat:write.public", "users:read.email"), []string{"no FAULT", "ok     slack scopes   the bot token has what is needed; it lacks chat:write.public and users:read.email"}},
		{"an address that is needed", func(p *premises) {
			without("users:read.email")(p)
			p.config().MatchEmail = true
		}, []string{"FAULT  slack scopes   the bot token lacks users:read.email"}},
		{"a public channel without the bot", func(p *premises) { p.config().Channel = slacksim.DemoGeneralID }, []string{"no FAULT"}},
		{"and without the scope for it", func(p *premises) {
			without("chat:write.public")(p)
			p.config().Channel = slacksim.DemoGeneralID
		}, []string{"FAULT  slack scopes   the bot token lacks chat:write.public", "FAULT  slack channels jitbot is no member of the channel C0GENERAL and its token lacks chat:write.public, so no card gets there; invite it"}},
		{"a private channel without the bot", func(p *premises) {
			p.slack.AddChannel(slacksim.Channel{ID: "C0SECRET", Private: true})
			p.config().Channel = "C0SECRET"
		}, []string{"FAULT  slack channels reading the channel C0SECRET: not found: channel_not_found; mend slack.channel, or invite jitbot to the channel when it is private"}},
		{"channels that may not be looked at", without("channels:read"), []string{"FAULT  slack scopes   the bot token lacks channels:read", "FAULT  slack channels the channel C0APPROVALS cannot be looked at"}},
		{"a revoked token", func(p *premises) { p.slack.SetBotToken("token_revoked") }, []string{"FAULT  slack bot      asking Slack who I am: token_revoked; check SLACK_BOT_TOKEN", "ok     slack socket", "no slack channels"}},
		{"Slack is down", func(p *premises) { p.slack.Down(true) }, []string{"FAULT  slack bot", "FAULT  slack socket", "ok     azure machines"}},
		{"a guest among the users", func(p *premises) { p.config().Users[slacksim.DemoGuestID] = azuresim.DemoFrankUPN }, []string{"FAULT  slack people   U0GUS is a guest of this workspace; take that line out of users"}},
		{"an approver who was deactivated", func(p *premises) {
			p.slack.UpdateUser(slacksim.DemoApproverID, func(u *slacksim.User) { u.Deleted = true })
			p.config().Approvals[0].Approvers = []string{slacksim.DemoApproverID}
		}, []string{"FAULT  slack people   U0GRACE is a deactivated account and counts as nobody; name somebody else in approvals[0].approvers and users", "FAULT  approvals      approvals[0]: 1 approval is needed, and nobody could give one"}},
		{"an empty group", func(p *premises) {
			p.slack.AddGroup(slacksim.Group{ID: "S0EMPTY"})
			p.config().Admins = []string{"S0EMPTY"}
		}, []string{"FAULT  slack people   nobody is in the user group S0EMPTY under admins"}},
		{"people by their address", func(p *premises) {
			p.config().MatchEmail = true
			p.config().Admins = []string{slacksim.DemoOutsiderID, slacksim.DemoApproverID}
			delete(p.config().Users, slacksim.DemoApproverID)
		}, []string{"FAULT  slack people   admins: Entra has no user mallory@contoso.example", "no U0GRACE", "ok     approvals"}},
	} {
		t.Run(tt.name, func(t *testing.T) { looked(t, tt.change, tt.want...) })
	}
}

func TestCheckOfAzure(t *testing.T) {
	noFirewalls := func(p *premises) { p.role(simulated.RoleActions(p.t, app.BotRole, app.NoFirewalls)) }
	refuse := func(actions ...string) func(*premises) {
		return func(p *premises) {
			p.azure.Configure(func(s *azuresim.Settings) { s.DeniedActions = actions })
		}
	}
	for _, tt := range []struct {
		name   string
		change func(p *premises)
		want   []string
	}{
		{"a role without firewalls, where none is", noFirewalls, []string{
			"no FAULT", "ok     azure rights   lacks Microsoft.Network/{azureFirewalls/write, ", "needed only to open and close a firewall with rules of its own, and none is seen in front of a machine",
			"needed only to open and close a firewall that uses a policy, and none is seen",
		}},
		{"a role without firewalls, where both kinds are", func(p *premises) {
			p.behindFirewalls()
			noFirewalls(p)
		}, []string{
			"FAULT  azure rights   subscription " + azuresim.DemoSubscription + ": the identity lacks Microsoft.Network/azureFirewalls/write, Microsoft.Network/ipGroups/join/action",
			"needed to open and close a firewall with rules of its own (the firewall hub-fw is in front of hub/app-1); give it the role that jitbot role --firewall all prints",
			"needed to open and close a firewall that uses a policy (the firewall edge-fw is in front of hub/core-1)",
		}},
		{"a role that sees no firewall, where one may be", func(p *premises) {
			p.behindFirewalls()
			p.role(slices.DeleteFunc(simulated.RoleActions(p.t, app.BotRole, app.NoFirewalls), func(a string) bool { return strings.Contains(a, "azureFirewalls") }))
		}, []string{"lacks Microsoft.Network/azureFirewalls/read, needed to see whether a firewall is in front of a machine (the route of hub/app-1 leads to 10.40.0.4, which may be a firewall); give it the role that jitbot role prints"}},
		{"a role that tells less", func(p *premises) {
			p.role(slices.DeleteFunc(simulated.RoleActions(p.t, app.BotRole, app.AllFirewalls), func(a string) bool { return strings.Contains(a, "NetworkGateways") }))
		}, []string{"no FAULT", "virtualNetworkGateways/read}, needed only to see who is behind a gateway"}},
		{"firewalls", func(p *premises) {
			p.behindFirewalls()
		}, []string{"no FAULT", "ok     azure machines 11 virtual machines are reachable by a grant; 1 of 12 match no policy", "ok     azure rules    8 network security groups and 1 firewall read"}},
		{"another identity", func(p *premises) {
			p.azure.PutRoleDefinition(azuresim.RoleDefinition{ID: azuresim.RoleJITBot, Name: "none", Custom: true})
		}, []string{"FAULT  azure rights   subscription " + azuresim.DemoSubscription + ": the identity has none of the rights of its role; assign the role", "FAULT  azure machines listing the virtual machines", "FAULT  azure rules    reading the network security groups and firewalls", "FAULT  azure locks    reading locks", "ok     entra users"}},
		{
			"a wrong secret", func(p *premises) {
				p.azure.AddFault(azuresim.Fault{Path: "/subscriptions", Status: http.StatusUnauthorized, Code: "InvalidAuthenticationToken", Message: "no"})
			},
			[]string{"FAULT  azure rights   reading the own permissions", "check AZURE_TENANT_ID", "FAULT  azure machines not looked at, since Azure does not let jitbot in", "no azure locks    there"},
		},
		{
			"users that may not be read", func(p *premises) {
				p.azure.AddFault(azuresim.Fault{Path: "/v1.0/users", Status: http.StatusForbidden, Code: "Authorization_RequestDenied", Message: "Insufficient privileges"})
			},
			[]string{"FAULT  approvals      nobody can be found in Entra", "FAULT  entra users    reading Entra's users: ", "give the identity the Graph permission User.Read.All", "ok     azure machines"},
		},
		{"locks that may not be read", refuse("Microsoft.Authorization/locks/read"), []string{"FAULT  azure locks    reading locks, under which a rule could never be removed", "9 virtual machines are reachable", "no azure locks    there"}},
		{"groups that may not be read", refuse("Microsoft.Network/networkSecurityGroups/read"), []string{"FAULT  azure rules    reading the network security groups and firewalls", "no is not among those"}},
		{"routes that may not be read", refuse("Microsoft.Network/routeTables/read"), []string{"FAULT  azure network  reading what is in front of the machines"}},
		{"an interface that is not listed", func(p *premises) {
			p.azure.DeleteNIC(p.nic(azuresim.DemoWeb1))
		}, []string{"FAULT  azure machines prod-web/web-1: ", "web-1-nic", "8 virtual machines are reachable", "no web-1 has no private address"}},
		{"Azure does not answer", func(p *premises) { p.fault(azuresim.LostRequest()) }, []string{"FAULT  azure rights", "FAULT  azure machines not looked at", "FAULT  clock          not looked at", "ok     slack bot"}},
	} {
		t.Run(tt.name, func(t *testing.T) { looked(t, tt.change, tt.want...) })
	}
}

// role is all that the bot may do, with firewalls or without.
func (p *premises) role(actions []string) {
	p.azure.PutRoleDefinition(azuresim.RoleDefinition{ID: azuresim.RoleJITBot, Name: "less", Custom: true, Actions: actions})
	p.azure.PutRoleDefinition(azuresim.RoleDefinition{ID: azuresim.RoleJITFirewalls, Name: "none", Custom: true})
}

// behindFirewalls adds a machine behind each kind of firewall.
func (p *premises) behindFirewalls() {
	azuresim.SeedFirewalls(p.azure)
	for _, name := range []string{"app-*", "core-*"} {
		hub := p.config().Policies[1]
		hub.Match = policies.Match{Name: name}
		p.config().Policies = append(p.config().Policies, hub)
	}
}

// The role as it is printed is enough for each kind of installation, and of each
// action that is missing check says so: as a fault, or where less is told
// without it, as a line.
func TestCheckNamesEachMissingAction(t *testing.T) {
	for _, a := range app.Actions(config.Config{Azure: config.Azure{GroupWrites: true}}) {
		t.Run(a.Name, func(t *testing.T) {
			want := []string{"FAULT  azure rights", "the identity lacks " + a.Name + ", needed " + a.Use}
			if a.Optional {
				provider, kind, _ := strings.Cut(a.Name, "/")
				want = []string{"no FAULT", "ok     azure rights   lacks " + provider + "/{" + kind + "}, needed only " + a.Use}
			}
			looked(t, func(p *premises) {
				p.behindFirewalls()
				p.o.Config.Azure.GroupWrites = true
				p.role(slices.DeleteFunc(app.Names(app.Actions(p.o.Config)), func(name string) bool { return name == a.Name }))
			}, want...)
		})
	}
	for kind, machines := range map[app.Firewalls][]string{app.NoFirewalls: nil, app.PolicyFirewalls: {"core-*"}, app.ClassicFirewalls: {"app-*"}, app.AllFirewalls: {"app-*", "core-*"}} {
		t.Run("enough for "+string(kind), func(t *testing.T) {
			looked(t, func(p *premises) {
				if len(machines) > 0 {
					p.behindFirewalls()
				}
				if kind == app.PolicyFirewalls {
					p.azure.DeleteVM(azuresim.DemoApp)
				}
				if kind == app.ClassicFirewalls {
					p.azure.DeleteVM(azuresim.DemoCore)
				}
				p.role(simulated.RoleActions(p.t, app.BotRole, kind))
			}, "no FAULT")
		})
	}
}

// fault befalls every request but for tokens: the SDK waits for those under a
// mutex, which no bubble sees through.
func (p *premises) fault(f azuresim.Fault) {
	f.Match = func(r *http.Request) bool {
		return strings.HasPrefix(r.URL.Path, "/subscriptions") || strings.HasPrefix(r.URL.Path, "/v1.0")
	}
	p.azure.AddFault(f)
}

// crowd adds machines behind the group of dev-1.
func (p *premises) crowd(n int) {
	const subnet = azuresim.DemoDevGroup + "/providers/Microsoft.Network/virtualNetworks/dev-vnet/subnets/dev"
	for i := range n {
		name := fmt.Sprintf("dev-x%03d", i)
		nic := azuresim.DemoDevGroup + "/providers/Microsoft.Network/networkInterfaces/" + name
		p.azure.PutNIC(azuresim.NIC{ID: nic, Location: azuresim.DemoLocation, IPs: []azuresim.IPConfig{{Name: "a", Address: fmt.Sprintf("10.30.%d.%d", 100+i/250, 1+i%250), Subnet: subnet}}})
		p.azure.PutVM(azuresim.VM{ID: azuresim.DemoDevGroup + "/providers/Microsoft.Compute/virtualMachines/" + name, Location: azuresim.DemoLocation, NICs: []string{nic}})
	}
}

// Many machines are one line, and those behind a faulty guard are counted;
// neither takes more requests, so that it stays quick.
func TestCheckOfManyMachines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPremises(t)
		p.crowd(600)
		p.rule(azuresim.DemoJumpNSG, "nobody", 101, "Deny", "*")
		p.config().Bands.Allow.From = 102
		p.azure.AddLock(azuresim.Lock{Name: "keep", Scope: azuresim.DemoDevNSG, Level: azuresim.ReadOnly})
		p.fault(azuresim.Fault{Latency: 300 * time.Millisecond})
		p.slack.Latency("*", 200*time.Millisecond)
		began := time.Now()
		text := strings.Join(p.check(), "\n")
		if took := time.Since(began); took > 8*time.Second {
			t.Errorf("it took %s", took)
		}
		for _, want := range []string{
			"ok     azure machines 5 virtual machines are reachable by a grant; 1 of 610 match no policy",
			"FAULT  azure rules    The rule nobody (priority 101) in jump-nsg denies 22, 3389 to everybody", "Behind it: prod-web/jump-1.",
			"FAULT  azure locks    The lock keep (ReadOnly) on the network security group dev-nsg", "and 600 more.",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing in\n%s", want, text)
			}
		}
		if n := strings.Count(text, "\n"); n > 25 {
			t.Errorf("%d lines", n)
		}
	})
}

// A service that says nothing is a fault after half a minute.
func TestCheckEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPremises(t)
		p.fault(azuresim.Fault{Latency: time.Hour})
		began := time.Now()
		text := strings.Join(p.check(), "\n")
		if took := time.Since(began); took > 31*time.Second || !strings.Contains(text, "FAULT  azure machines") || !strings.Contains(text, "ok     slack bot") {
			t.Errorf("it took %s\n%s", took, text)
		}
	})
}

func TestCheckWithoutTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPremises(t)
		found := check.Run(t.Context(), p.o, errors.New("SLACK_BOT_TOKEN is not set"))
		if !slices.ContainsFunc(found, func(f check.Finding) bool { return f.What == "slack" && f.Err != nil }) || p.slack.CountCalls("auth.test") > 0 {
			t.Errorf("%v", found)
		}
	})
}

func TestFindingWrapped(t *testing.T) {
	long := strings.Repeat("a word or two ", 30) + strings.Repeat("x", 90)
	for _, f := range []check.Finding{
		{What: "store", Note: "short"}, {What: "azure machines", Err: errors.New(long)}, {What: "a", Err: errors.New("line\nline\x1b[31m " + text.Clean(long))},
	} {
		text := f.Wrapped(80)
		if got, want := strings.Fields(text), strings.Fields(f.String()); !slices.Equal(got, want) {
			t.Errorf("%q is not %q", got, want)
		}
		for i, line := range strings.Split(text, "\n") {
			if len(line) > 80 && !strings.Contains(line, strings.Repeat("x", 90)) || strings.TrimRight(line, " ") != line || strings.Contains(line, "\x1b") {
				t.Errorf("line %d has %d columns: %q", i, len(line), line)
			}
			if i > 0 && !strings.HasPrefix(line, strings.Repeat(" ", 22)) {
				t.Errorf("line %d is not below the text: %q", i, line)
			}
		}
	}
}
