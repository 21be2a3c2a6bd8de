package config_test

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"jitbot/cmd/internal/config"
	"jitbot/jit"
	"jitbot/jit/policies"
	"jitbot/jit/protection"
	"jitbot/jit/rules"
	"jitbot/jit/schedule"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// minimal is the least that is without fault.
const minimal = `installation: prod
slack: {channel: C0123456789}
azure: {subscriptions: [11111111-2222-3333-4444-555555555555]}
`

func parse(t *testing.T, text string) config.Config {
	t.Helper()
	c, err := config.Parse("jitbot.yaml", []byte(text))
	if err != nil {
		t.Fatalf("refused:\n%v", err)
	}
	return c
}

func TestConfigDefaults(t *testing.T) {
	got := parse(t, minimal)
	want := config.Config{
		File: "jitbot.yaml", Store: "jitbot.db", Listen: "127.0.0.1:9090",
		SlackURL: "https://slack.com/api/", PerPerson: 20, Keep: 400 * 24 * time.Hour,
		Azure: config.Azure{
			Subscriptions: []string{"11111111-2222-3333-4444-555555555555"},
			Cloud:         config.PublicCloud, Poll: time.Second,
		},
		Jit: policies.Config{
			Installation: "prod", Channel: "C0123456789", OpenWithin: time.Minute, FirewallWithin: 10 * time.Minute,
			RequiredActions: policies.DefaultActions(),
			Bands:           policies.Bands{Allow: policies.Band{From: 100, To: 249}, DenyOverride: policies.Band{From: 250, To: 299}, DenyRespect: policies.Band{From: 3900, To: 4096}},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
}

// TestConfigExample holds the documented example, in which every key stands.
func TestConfigExample(t *testing.T) {
	c, err := config.Load("../../../.github/jitbot.yaml")
	if err != nil {
		t.Fatalf("refused:\n%v", err)
	}
	if c.Azure.Custom != (config.Custom{}) {
		t.Errorf("cloud: public took the custom endpoints %+v", c.Azure.Custom)
	}
	want := policies.Config{
		Installation: "prod", Channel: "C0123456789", OpenWithin: time.Minute, FirewallWithin: 10 * time.Minute,
		Bands:           policies.Bands{Allow: policies.Band{From: 100, To: 249}, DenyOverride: policies.Band{From: 250, To: 299}, DenyRespect: policies.Band{From: 3900, To: 4096}},
		Users:           map[jit.UserID]string{"U0123456789": "someone@example.com"},
		RequiredActions: policies.DefaultActions(),
		Admins:          []string{"U0123456789"},
		Approvals: []policies.ApprovalRule{
			{
				Match:     policies.Match{Group: "prod-*", Tags: map[string]string{"env": "prod"}},
				Approvers: []string{"S0123456789"}, Required: 2, Channel: "C0123456789", PendingFor: time.Hour,
				RemindAfter: 15 * time.Minute, ClaimFor: 15 * time.Minute, Escalate: 30 * time.Minute,
			},
			{
				Approvers: []string{"U0123456789"}, Required: 1, PendingFor: time.Hour,
				RemindAfter: 15 * time.Minute, ClaimFor: 15 * time.Minute, Escalate: 30 * time.Minute,
			},
		},
		Policies: []policies.Policy{{
			Ports: []jit.PortPolicy{
				{Ports: jit.Ports{From: 22, To: 22, Protocol: jit.TCP}, Any: true, Shortest: 5 * time.Minute, Longest: 3 * time.Hour},
				{
					Ports: jit.Ports{From: 3389, To: 3389, Protocol: jit.TCP}, Sources: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")},
					Shortest: 5 * time.Minute, Longest: time.Hour,
				},
			},
			Widest: jit.Widths{V4: 32, V6: 128}, RemindBefore: 10 * time.Minute, Existing: protection.Override, DenySource: "*",
			Extend: jit.ExtendTerms{Times: 2, Total: 6 * time.Hour},
		}},
	}
	if diff := cmp.Diff(want, c.Jit, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("the example means (-want +got):\n%s", diff)
	}
}

// TestConfigFaults holds the words and lines of every fault, reported at once.
func TestConfigFaults(t *testing.T) {
	for _, name := range []string{"faults"} {
		data, err := os.ReadFile(filepath.Join("testdata", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = config.Parse("jitbot.yaml", data)
		if err == nil {
			t.Fatal("nothing is wrong")
		}
		golden := filepath.Join("testdata", name+".golden")
		got := err.Error() + "\n"
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("%s (-want +got), -update rewrites it:\n%s", golden, diff)
		}
	}
}

func TestConfigOneFault(t *testing.T) {
	custom := "installation: prod\nslack: {channel: C0123456789}\nazure:\n  subscriptions: [11111111-2222-3333-4444-555555555555]\n"
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "jitbot.yaml:1: installation: is missing"},
		{"only a comment", "# nothing\n", "jitbot.yaml:1: installation: is missing"},
		{"no mapping", "- a\n", "jitbot.yaml:1: is a list"},
		{"no YAML", "a: [1\nb: 2\n", "is no YAML"},
		{"two documents", minimal + "---\na: 1\n", "a second document"},
		{"tab", "slack:\n\tchannel: x\n", "is no YAML"},
		{"missing subscriptions", "installation: prod\nslack: {channel: C0123456789}\nazure:\n  poll: 1s\n", "jitbot.yaml:4: azure.subscriptions: is missing"},
		{"no subscriptions", "installation: prod\nslack: {channel: C0123456789}\nazure:\n  subscriptions: []\n", "jitbot.yaml:4: azure.subscriptions: is empty"},
		{"missing channel", "installation: prod\nslack: {}\nazure: {subscriptions: [11111111-2222-3333-4444-555555555555]}\n", "jitbot.yaml:2: slack.channel: is missing"},
		{"no value", minimal + "admins:\n", "jitbot.yaml:4: admins: has no value"},
		{"alias", minimal + "store: &x a\nlisten: *x\n", "jitbot.yaml:5: listen: is an alias"},
		{"unknown key", minimal + "polices: []\n", "jitbot.yaml:4: polices: is no key here; did you mean policies?"},
		{"http off loopback", strings.Replace(minimal, "{channel", "{api_url: 'http://10.0.0.1/api/', channel", 1), "http is for loopback only"},
		{"custom without cloud", custom + "  custom: {authority_host: https://login.corp.test/}\n", "jitbot.yaml:5: azure.custom: is for cloud: custom"},
		{"cloud without custom", custom + "  cloud: custom\n", "azure.custom.authority_host: is missing"},
		{"flush without group writes", custom + "  flush_connections: true\n", "jitbot.yaml:5: azure.flush_connections: needs group_writes"},
		{"flush", custom + "  group_writes: true\n  flush_connections: true\n", "azure.flush_connections: is not built yet; write false"},
		{"approvals that nobody can give", minimal + "approvals:\n  - {approvers: [U0123456789], required: 2}\n", "jitbot.yaml:5: approvals[0].required: 2 approvals are needed but 1 person is named"},
		{"nobody approves", minimal + "approvals:\n  - {approvers: []}\n", "1 approval is needed but 0 people are named"},
		{"overlapping bands", minimal + "bands: {deny_override: [240, 299]}\n", "jitbot.yaml:4: bands.deny_override: [240, 299] overlaps allow, which is [100, 249]"},
		{"overlap with a default", minimal + "bands: {allow: [100, 260]}\n", "jitbot.yaml:4: bands.allow: [100, 260] overlaps deny_override, which is [250, 299]"},
		{"denies before allows", minimal + "bands: {deny_override: [300, 349], allow: [350, 400]}\n", "jitbot.yaml:4: bands.deny_override: [300, 349] stands before allow, which is [350, 400]"},
		{"respect before allows", minimal + "bands: {deny_respect: [120, 130], deny_override: [251, 299], allow: [140, 249]}\n", "jitbot.yaml:4: bands.deny_respect: [120, 130] stands before allow"},
		{"allows after a default", minimal + "bands: {allow: [1000, 1100]}\n", "jitbot.yaml:4: bands.allow: [1000, 1100] stands after deny_override, which is [250, 299]"},
		{"protect by a word", minimal + "policies:\n  - protect: never\n", "jitbot.yaml:5: policies[0].protect: \"never\" is unknown; write \"configured\" or \"always\""},
		{"always nothing", minimal + "policies:\n  - protect: always\n", "jitbot.yaml:5: policies[0].protect: always protects the ports of this policy, and there are none"},
		{"always for a moment", minimal + "policies:\n  - protect: always\n    ports:\n      - {port: 22, sources: ['*'], shortest: 1m, longest: 2m}\n", "jitbot.yaml:5: policies[0].protect: always needs a longest of 5m or more, and that of port 22 is 2m"},
		{"always what overlaps", minimal + "policies:\n  - protect: always\n    ports:\n      - {port: 20-25, sources: ['*']}\n      - {port: 25-30, sources: ['*']}\n", "and 20-25 and 25-30 do"},
		{"existing by a word", minimal + "policies:\n  - existing: ignore\n", "policies[0].existing: \"ignore\" is unknown; write \"override\" or \"respect\""},
		{"deny from a tag", minimal + "policies:\n  - deny_source: AzureCloud\n", "policies[0].deny_source: \"AzureCloud\" is unknown; write \"*\" or \"Internet\""},
		{"deny from internet", minimal + "policies:\n  - deny_source: internet\n", "\"internet\" is unknown"},
		{"stop on drift", minimal + "policies:\n  - on_drift: stop\n", "policies[0].on_drift: \"stop\" is unknown; write \"repair\" or \"end\""},
		{"shortest over longest", minimal + "policies:\n  - ports:\n      - {port: 22, sources: ['*'], longest: 2m}\n", "jitbot.yaml:6: policies[0].ports[0].longest: shortest is 5m and longest 2m"},
		{"longest over a day", minimal + "policies:\n  - ports:\n      - {port: 22, sources: ['*'], longest: 25h}\n", "25h is too long; write 24h or less"},
		{"everybody", minimal + "policies:\n  - ports:\n      - {port: 22, sources: [0.0.0.0/0]}\n", "0.0.0.0/0 is the whole internet"},
		{"host bits", minimal + "policies:\n  - ports:\n      - {port: 22, sources: [198.51.100.7/24]}\n", "has bits set behind its prefix"},
		{"an approval for all, unsaid", minimal + "approvals:\n  - {required: 0}\n", "jitbot.yaml:5: approvals[0].match: is missing; write match: {} where all are meant"},
		{"a tag without a name", minimal + "approvals:\n  - {match: {tags: {'': prod}}, required: 0}\n", "jitbot.yaml:5: approvals[0].match.tags: has a tag without a name"},
		{"a tag of blanks", minimal + "policies:\n  - {match: {tags: {' ': prod}}}\n", "jitbot.yaml:5: policies[0].match.tags: has a tag without a name"},
		{"a tag that nobody sees", minimal + "policies:\n  - {match: {tags: {\"\\u200b\": prod}}}\n", "policies[0].match.tags: has a tag without a name"},
		{"a pattern that nobody sees", minimal + "approvals:\n  - {match: {name: \"\\u200b\"}, required: 0}\n", "jitbot.yaml:5: approvals[0].match.name: holds a letter that nobody sees"},
		{"a letter that nobody sees", minimal + "policies:\n  - {match: {resource_group: \"prod\\u2060-*\"}}\n", "policies[0].match.resource_group: holds a letter that nobody sees"},
		{"a person that nobody sees", minimal + "users: {U0123456789: \"someone\\u00ad@example.com\"}\n", "users.U0123456789: holds a letter that nobody sees"},
		{"a policy for all, unsaid", minimal + "policies:\n  - {ports: []}\n", "jitbot.yaml:5: policies[0].match: is missing"},
		{"a match of nothing", minimal + "approvals:\n  - {match: , required: 0}\n", "jitbot.yaml:5: approvals[0].match: has no value"},
		{"an empty name", minimal + "approvals:\n  - {match: {name: \"\"}, required: 0}\n", "jitbot.yaml:5: approvals[0].match.name: is empty, and would match"},
		{"a blank group", minimal + "policies:\n  - match: {resource_group: \" \"}\n", "jitbot.yaml:5: policies[0].match.resource_group: is empty"},
		{"no tags", minimal + "approvals:\n  - {match: {tags: {}}, required: 0}\n", "jitbot.yaml:5: approvals[0].match.tags: is empty"},
		{"an empty tag", minimal + "approvals:\n  - {match: {tags: {env: \"\"}}, required: 0}\n", "jitbot.yaml:5: approvals[0].match.tags.env: is empty"},
		{"no ports", minimal + "approvals:\n  - {match: {ports: []}, required: 0}\n", "jitbot.yaml:5: approvals[0].match.ports: is empty"},
		{"no widths", minimal + "approvals:\n  - {match: {wider_than: {}}, required: 0}\n", "jitbot.yaml:5: approvals[0].match.wider_than: is empty"},
		{"break glass", minimal + "break_glass: [U0123456789]\n", "break_glass: is not built yet"},
		{"a digest on no day", minimal + "scan:\n  digest: 09:00\n", "jitbot.yaml:5: scan.digest: \"09:00\" is no time that comes again; write a weekday from Mon to Sun, or daily, and a time in UTC, such as \"Mon 09:00\""},
		{"a digest on two days", minimal + "scan: {digest: [Mon 09:00, Tue 09:00]}\n", "jitbot.yaml:4: scan.digest: is a list where words are wanted"},
		{"megabytes", minimal + "#" + strings.Repeat("x", 2<<20), "larger than a megabyte"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config.Parse("jitbot.yaml", []byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestConfigMeaning(t *testing.T) {
	c := parse(t, minimal+`listen: ""
store: /var/lib/jitbot/jitbot.db
rate: {per_person: 5}
scan: {digest: Fri 16:30}
approvals:
  - match: {name: "db-?", ports: [22, 8000-8010/udp, ssh], wider_than: 24, longer_than: 1h}
    approvers: [U0123456789, S0123456789]
    required: 3
    approver_actions: [Microsoft.Compute/virtualMachines/write]
  - match: {wider_than: {ipv6: 64}, ports: "22,3389"}
    required: 0
policies:
  - match: {name: web-1}
  - match: {resource_group: 'rg-[a\*', tags: {"a[b": '*\x'}}
    protect: always
    existing: respect
    deny_source: Internet
    ports:
      - {port: winrm, sources: [198.51.100.0/24, "2001:db8::/48"], shortest: 1s, longest: 24h}
      - {port: 53, protocol: "*", sources: ["*"]}
      - {port: ssh, protocol: udp, sources: ["*"]}
      - {port: 8000-8010/udp, sources: ["*"]}
`)
	if c.Listen != "" || c.Store != "/var/lib/jitbot/jitbot.db" || c.PerPerson != 5 {
		t.Errorf("listen %q, store %q, per person %d", c.Listen, c.Store, c.PerPerson)
	}
	if c.Jit.Digest != (schedule.Schedule{Every: 7 * 24 * time.Hour, After: (4*24+16)*time.Hour + 30*time.Minute}) || c.Jit.Digest.String() != "Fri 16:30" {
		t.Errorf("the digest comes %+v", c.Jit.Digest)
	}
	wantMatch := policies.Match{
		Name: "db-?", WiderThan: jit.Widths{V4: 24, V6: 120}, LongerThan: time.Hour,
		Ports: []jit.Ports{{From: 22, To: 22, Protocol: jit.AnyProtocol}, {From: 8000, To: 8010, Protocol: jit.UDP}, {From: 22, To: 22, Protocol: jit.TCP}},
	}
	if diff := cmp.Diff(wantMatch, c.Jit.Approvals[0].Match); diff != "" {
		t.Errorf("first match (-want +got):\n%s", diff)
	}
	second := c.Jit.Approvals[1]
	if second.Required != 0 || second.Match.WiderThan != (jit.Widths{V6: 64}) || len(second.Match.Ports) != 2 {
		t.Errorf("second approval rule %+v", second)
	}
	if len(c.Jit.Policies[0].Ports) != 0 || c.Jit.Policies[0].Widest != (jit.Widths{V4: 32, V6: 128}) {
		t.Errorf("first policy %+v", c.Jit.Policies[0])
	}
	if p := c.Jit.Policies[0]; p.Always || p.Existing != protection.Override || p.DenySource != "*" {
		t.Errorf("first policy %+v", p)
	}
	if p := c.Jit.Policies[1]; !p.Always || p.Existing != protection.Respect || p.DenySource != "Internet" || p.Match.Group != `rg-[a\*` || p.Match.Tags["a[b"] != `*\x` {
		t.Errorf("second policy %+v", p)
	}
	var ports []string
	for _, p := range c.Jit.Policies[1].Ports {
		ports = append(ports, p.Ports.String())
	}
	if diff := cmp.Diff([]string{"5985", "5986", "53/*", "22/udp", "8000-8010/udp"}, ports); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
}

func FuzzConfig(f *testing.F) {
	for _, name := range []string{"../../../.github/jitbot.yaml", "testdata/faults.yaml"} {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, text := range []string{"", minimal, "a: &a [*a]", "? [x]\n: y", "- -", "\x00", "<<: {a: b}", "azure: !!map [x]", "bands: {allow: [!!int x, 1]}"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := config.Parse("jitbot.yaml", data)
		if err == nil {
			if !rules.ValidInstallation(c.Jit.Installation) || c.Jit.Channel == "" || len(c.Azure.Subscriptions) == 0 {
				t.Errorf("accepted without what is required: %+v", c)
			}
			for _, p := range c.Jit.Policies {
				for _, pp := range p.Ports {
					if pp.Longest > jit.MaxDuration || pp.Shortest > pp.Longest || p.Widest.V4 == 0 || p.Widest.V6 == 0 {
						t.Errorf("accepted the policy %+v", p)
					}
				}
			}
			return
		}
		for line := range strings.SplitSeq(err.Error(), "\n") {
			if !strings.HasPrefix(line, "jitbot.yaml:") {
				t.Errorf("a fault does not begin with the file: %q", line)
			}
		}
	})
}
