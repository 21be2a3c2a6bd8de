package app_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"jitbot/cmd/internal/app"
	"jitbot/cmd/internal/config"
	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
)

var update = flag.Bool("update", false, "write the golden files")

// installation is a configuration as far as a role depends on it.
func installation(groupWrites bool) config.Config {
	return config.Config{
		Jit:   policies.Config{Installation: "prod"},
		Azure: config.Azure{Subscriptions: []string{azuresim.DemoSubscription}, GroupWrites: groupWrites},
	}
}

// The roles of six kinds of installation, as they are printed.
func TestRoleIsAsBefore(t *testing.T) {
	before := config.Config{}
	wide := installation(true)
	wide.Azure.Subscriptions = append(wide.Azure.Subscriptions, azuresim.DemoStaging)
	for name, role := range map[string]struct {
		config    config.Config
		of        app.Holder
		firewalls app.Firewalls
	}{
		"before a configuration":               {before, app.BotRole, app.DefaultFirewalls(before)},
		"no firewall":                          {installation(false), app.BotRole, app.NoFirewalls},
		"firewalls with policies":              {installation(false), app.BotRole, app.PolicyFirewalls},
		"classic firewalls":                    {installation(false), app.BotRole, app.ClassicFirewalls},
		"both, group writes and subscriptions": {wide, app.BotRole, app.AllFirewalls},
		"the sweep, no firewall":               {installation(false), app.SweepRole, app.NoFirewalls},
		"the sweep, firewalls with policies":   {installation(false), app.SweepRole, app.PolicyFirewalls},
		"the sweep, classic firewalls":         {installation(false), app.SweepRole, app.ClassicFirewalls},
		"the sweep, both":                      {wide, app.SweepRole, app.AllFirewalls},
		"a requester":                          {installation(false), app.RequesterRole, app.NoFirewalls},
		"an admin":                             {installation(false), app.AdminRole, app.NoFirewalls},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := app.Role(role.config, role.of, role.firewalls)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", "role", strings.ReplaceAll(strings.ReplaceAll(name, ",", ""), " ", "-")+".json")
			if *update {
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		})
	}
}

// Azure refuses a whole definition for one action that no provider has.
func TestRolesCanBeCreated(t *testing.T) {
	for _, of := range []app.Holder{app.BotRole, app.SweepRole, app.RequesterRole, app.AdminRole} {
		for _, action := range simulated.RoleActions(t, of, app.AllFirewalls) {
			if err := azuresim.CheckAction(action); err != nil {
				t.Errorf("%q: %s: %v", of, action, err)
			}
		}
	}
	for _, a := range app.Actions(installation(true)) { // what jitbot check looks for
		if err := azuresim.CheckAction(a.Name); err != nil {
			t.Errorf("%s: %v", a.Name, err)
		}
	}
}

// No role of ours lets its holder put another policy on a firewall, and who has
// firewalls with policies only writes no firewall.
func TestRoleSwapsNoPolicy(t *testing.T) {
	for _, of := range []app.Holder{app.BotRole, app.SweepRole} {
		for _, f := range []app.Firewalls{app.NoFirewalls, app.PolicyFirewalls, app.ClassicFirewalls, app.AllFirewalls} {
			role := simulated.RoleActions(t, of, f)
			writes := slices.Contains(role, "Microsoft.Network/azureFirewalls/write")
			if slices.Contains(role, "Microsoft.Network/firewallPolicies/join/action") || writes != f.Include(app.ClassicFirewalls) {
				t.Errorf("%q, %s: %q", of, f, role)
			}
			if !slices.IsSorted(role) || len(slices.Compact(slices.Clone(role))) != len(role) {
				t.Errorf("%q, %s: not in order, or twice: %q", of, f, role)
			}
		}
	}
}

// The kinds are chosen by the configuration where nobody says which.
func TestDefaultFirewalls(t *testing.T) {
	const text = "installation: prod\nslack: {channel: C0123456789}\nazure:\n  subscriptions: [11111111-2222-3333-4444-555555555555]\n"
	for more, want := range map[string]app.Firewalls{
		"": app.NoFirewalls, "  open_within: {nsg: 30s}\n": app.NoFirewalls, "  open_within: {firewall: 20m}\n": app.AllFirewalls,
	} {
		c, err := config.Parse("jitbot.yaml", []byte(text+more))
		if got := app.DefaultFirewalls(c); err != nil || got != want {
			t.Errorf("%q: %s, %v", more, got, err)
		}
		if notes := app.RoleNotes(c, "jitbot.yaml", app.BotRole, want, true); !strings.Contains(notes, "Chosen is --firewall "+string(want)) {
			t.Errorf("%q: %s", more, notes)
		}
	}
	if notes := app.RoleNotes(config.Config{}, "jitbot.yaml", app.RequesterRole, app.NoFirewalls, true); !strings.Contains(notes, "--subscription") || strings.Contains(notes, "--firewall") {
		t.Error(notes)
	}
	if f := app.NoFirewalls.With(app.PolicyFirewalls); f != app.PolicyFirewalls || f.With(app.ClassicFirewalls) != app.AllFirewalls {
		t.Error(f)
	}
	if _, err := app.ParseFirewalls("both"); err == nil || !strings.Contains(err.Error(), "none, policy, classic or all") {
		t.Error(err)
	}
}

// What the sweep's role may do besides reading and deleting is what its texts
// name.
func TestSweepWarning(t *testing.T) {
	for _, words := range []string{"only read and delete", "can also open", "lock"} {
		if text := app.SweepWarning(app.PolicyFirewalls); !strings.Contains(text, words) {
			t.Errorf("%q is not said in %s", words, text)
		}
	}
	if text := app.SweepWarning(app.NoFirewalls); text != "" {
		t.Error(text)
	}
}
