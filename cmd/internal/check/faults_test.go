package check_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/cmd/internal/app"
	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
)

// fault is one that is planted, with the line that it is to be found by.
type fault struct {
	name  string
	plant func(p *premises)
	what  string
	says  []string
	too   string // where it shows besides
}

func planted() []fault {
	return []fault{
		{
			name: "a right is missing", plant: func(p *premises) {
				role := slices.DeleteFunc(simulated.RoleActions(p.t, app.BotRole, app.NoFirewalls), func(a string) bool { return strings.HasSuffix(a, "securityRules/delete") })
				p.azure.PutRoleDefinition(azuresim.RoleDefinition{ID: azuresim.RoleJITBot, Name: "less", Custom: true, Actions: role})
			},
			what: "azure rights", says: []string{"lacks Microsoft.Network/networkSecurityGroups/securityRules/delete", azuresim.DemoSubscription, "to close what was opened", "jitbot role"},
		},
		{
			name: "a deny assignment over a group", plant: func(p *premises) {
				p.azure.Deny(azuresim.DenyDelete(azuresim.DemoDevNSG, "guard"))
			},
			what: "azure locks", says: []string{"The deny assignment", "dev-nsg", "never be removed", "exclude jitbot's identity"},
		},
		{
			name: "a scope is missing", plant: func(p *premises) {
				p.slack.SetScopes(slices.DeleteFunc(slices.Clone(p.slack.Options().BotScopes), func(s string) bool { return s == "app_mentions:read" })...)
			},
			what: "slack scopes", says: []string{"lacks app_mentions:read", "jitbot manifest", "reinstall the app"},
		},
		{
			name: "the app token cannot open a socket", plant: func(p *premises) { p.slack.SetAppScopes("authorizations:read") },
			what: "slack socket", says: []string{"lacks connections:write", "App-Level Tokens", "SLACK_APP_TOKEN"},
		},
		{
			name: "a channel is archived", plant: func(p *premises) {
				p.config().Approvals = append([]policies.ApprovalRule{{Match: policies.Match{Name: "zzz"}, Approvers: []string{slacksim.DemoApproverID}, Required: 1, Channel: "C0OLD"}}, p.config().Approvals...)
				p.slack.AddChannel(slacksim.Channel{ID: "C0OLD", Name: "old", Archived: true})
			},
			what: "slack channels", says: []string{"the channel C0OLD is archived", "name another under approvals["},
		},
		{
			name: "the channel is shared with another organization", plant: func(p *premises) {
				p.config().Approvals = append([]policies.ApprovalRule{{Match: policies.Match{Name: "yyy"}, Approvers: []string{slacksim.DemoApproverID}, Required: 1, Channel: "C0SHARED"}}, p.config().Approvals...)
				p.slack.AddChannel(slacksim.Channel{ID: "C0SHARED", Name: "with-fabrikam", ExtShared: true, Members: []string{slacksim.DemoApproverID}})
			},
			what: "slack channels", says: []string{"C0SHARED is shared with another organization, whose people read every card", "name another under approvals["},
		},
		{
			name: "nobody is in the channel", plant: func(p *premises) {
				p.config().Approvals = append([]policies.ApprovalRule{{Match: policies.Match{Name: "xxx"}, Approvers: []string{slacksim.DemoApproverID}, Required: 1, Channel: "C0LONELY"}}, p.config().Approvals...)
				p.slack.AddChannel(slacksim.Channel{ID: "C0LONELY", Name: "lonely", Members: []string{p.slack.Options().BotUserID}})
			},
			what: "slack channels", says: []string{"nobody but jitbot is in the channel C0LONELY, so nobody sees a card", "invite the approvers"},
		},
		{
			name: "an admin is unknown to Slack", plant: func(p *premises) { p.config().Admins = append(p.config().Admins, "U0GHOST") },
			what: "slack people", says: []string{"Slack does not know U0GHOST", "mend admins"},
		},
		{
			name: "an admin is tied to nobody", plant: func(p *premises) { p.config().Admins = append(p.config().Admins, slacksim.DemoOutsiderID) },
			what: "slack people", says: []string{slacksim.DemoOutsiderID + " (admins) is tied to no Entra user", "a line for them under users"},
		},
		{
			name: "a user is gone from Entra", plant: func(p *premises) { p.config().Users["U0ADA"] = "nobody@contoso.example" },
			what: "entra users", says: []string{"Entra has no user nobody@contoso.example", "U0ADA", "mend the line under users"},
		},
		{
			name: "too few could approve", plant: func(p *premises) {
				p.slack.AddGroup(slacksim.Group{ID: "S0THREE", Users: []string{slacksim.DemoApproverID, slacksim.DemoApprover2ID, slacksim.DemoOutsiderID}})
				p.config().Approvals = append(p.config().Approvals, policies.ApprovalRule{Approvers: []string{"S0THREE"}, Required: 3})
			},
			what: "approvals", says: []string{
				"3 approvals are needed, and 2 people could give one", "mend the approvers",
				slacksim.DemoOutsiderID + " (the user group S0THREE) is tied to no Entra user",
			},
		},
		{
			name: "a machine has no network security group", plant: func(p *premises) {
				p.config().Policies = append(p.config().Policies, policies.Policy{Match: policies.Match{Name: "bare-*"}, Ports: p.config().Policies[0].Ports})
			},
			what: "azure machines", says: []string{"dev/bare-1", "no network security group", "attach one first"},
		},
		{
			name: "a machine has no address", plant: func(p *premises) { p.must(p.azure.SetAddress(p.nic(azuresim.DemoDB3), "ipconfig1", "")) },
			what: "azure machines", says: []string{"prod-db/db-3", "no private address", "start it once"}, too: "protection",
		},
		{
			name: "a lock is above", plant: func(p *premises) {
				p.azure.AddLock(azuresim.Lock{Name: "keep", Scope: azuresim.DemoBackupNSG, Level: azuresim.CanNotDelete})
			},
			what: "azure locks", says: []string{"The lock keep (CanNotDelete) on the network security group backup-nsg", "never be removed", "have an owner remove the lock", "prod-db/db-1"},
		},
		{
			name: "a deny makes every grant idle", plant: func(p *premises) {
				p.config().Bands.Allow.From = 105
				p.rule(azuresim.DemoDevNSG, "nobody", 104, "Deny", "*")
			},
			what: "azure rules", says: []string{"The rule nobody (priority 104) in dev-nsg denies 22, 3389", "every request is refused", "move it behind priority 249", "dev/dev-1"},
		},
		{
			name: "the band is full", plant: func(p *premises) { p.fill(azuresim.DemoJumpNSG, 111, 249); p.fill(azuresim.DemoJumpNSG, 100, 109) },
			what: "azure rules", says: []string{"Every priority from", "in jump-nsg is taken", "widen bands.allow", "prod-web/jump-1"},
		},
		{
			name: "a group is full", plant: func(p *premises) { p.fill(azuresim.DemoWebNICNSG, 2001, 2996) },
			what: "azure rules", says: []string{"web-nic-nsg holds 1000 rules", "remove some", "prod-web/web-1, prod-web/web-2"},
		},
		{
			name: "a rule of ours is astray", plant: func(p *premises) { p.rule(azuresim.DemoWebSubnetNSG, "jitbot-prod-g-7k2qd-web", 3001, "Allow", "22") },
			what: "azure rules", says: []string{"jitbot-prod-g-7k2qd-web (priority 3001) in web-subnet-nsg", "put bands back as they were", "by hand"},
		},
		{
			name: "protect: always cannot hold", plant: func(p *premises) { p.rule(azuresim.DemoDBSubnetNSG, "ssh", 101, "Allow", "22") },
			what: "protection", says: []string{"protect: always does not hold for prod-db/db-1", "The rule ssh (priority 101) in db-subnet-nsg", "set existing: respect"},
		},
		{
			name: "the clock is wrong", plant: func(p *premises) { p.azure.Configure(func(s *azuresim.Settings) { s.ClockSkew = 2 * time.Minute }) },
			what: "clock", says: []string{"differ by", "set the clock"},
		},
		{
			name: "the store is open to others", plant: func(p *premises) { p.must(os.Chmod(p.o.Config.Store, 0o644)) },
			what: "store", says: []string{"is open to others (mode 0644)", "chmod 600"},
		},
		{
			name: "others may replace the store", plant: func(p *premises) { p.must(os.Chmod(filepath.Dir(p.o.Config.Store), 0o777)) },
			what: "store", says: []string{"others may write to its folder", "chmod go-w"},
		},
	}
}
