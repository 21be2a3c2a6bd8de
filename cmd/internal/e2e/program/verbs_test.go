package program_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"jitbot/bot/slacksim"
	"jitbot/cmd/internal/app"
	"jitbot/jit/azure/azuresim"
)

// TestProgramRefuses holds what the program does not start with: exit 1, and a
// sentence on stderr that says what to do.
func TestProgramRefuses(t *testing.T) {
	s := newSite(t)
	good, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	file := func(text string, mode os.FileMode) func() {
		return func() {
			s.write(s.store(), text)
			if err := os.Chmod(s.store(), mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tt := range []struct {
		name  string
		spoil func()
		want  []string
	}{
		{"faults with their lines", func() {
			s.write(s.file, strings.NewReplacer("installation: prod", "installation: Prod!", "required: 1", "required: 1\n    claim_by: 3m", "poll: 100ms", "poll: 1ms").Replace(string(good)))
		}, []string{"jitbot.yaml:1: installation: ", "jitbot.yaml:12: azure.poll: ", "jitbot.yaml:25: approvals[0].claim_by: "}},
		{"no file", func() { s.write(s.file, ""); _ = os.Remove(s.file) }, []string{"there is no configuration"}},
		{"no tokens", func() { s.env = append(s.env, "SLACK_BOT_TOKEN=", "SLACK_APP_TOKEN=") }, []string{"SLACK_BOT_TOKEN is not set", "SLACK_APP_TOKEN is not set"}},
		{"tokens refused", func() { s.slack.SetBotToken("invalid_auth") }, []string{"SLACK_BOT_TOKEN"}},
		{"a foreign store", file("no store at all", 0o600), []string{"is not a store of jitbot", "jitbot sweep"}},
		{"an exposed store", file("", 0o644), []string{"chmod", "jitbot sweep"}},
		{"no folder for the store", func() {
			s.write(s.file, strings.Replace(string(good), s.store(), filepath.Join(filepath.Dir(s.file), "none", "jitbot.db"), 1))
		}, []string{"does not exist"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			env := s.env
			defer func() {
				s.env = env
				s.slack.SetBotToken("")
				s.write(s.file, string(good))
				_ = os.Remove(s.store())
			}()
			tt.spoil()
			out, errs, code := s.verb("run")
			if code != 1 || strings.Contains(errs, "goroutine") {
				t.Errorf("exit %d\n%s%s", code, out, errs)
			}
			for _, want := range tt.want {
				if !strings.Contains(errs, want) {
					t.Errorf("%q is missing in\n%s", want, errs)
				}
			}
		})
	}
}

func TestProgramCheck(t *testing.T) {
	s := newSite(t)
	out, errs, code := s.verb("check")
	if code != 1 || strings.Count(out, "FAULT") != 1 || !strings.Contains(out, "FAULT  azure machines dev/bare-1: ") {
		t.Errorf("only bare-1 has no network security group: exit %d\n%s%s", code, out, errs)
	}
	s.azure.DeleteVM(azuresim.DemoBare)
	out, errs, code = s.verb("check")
	if code != 0 || strings.Contains(out, "FAULT") || !strings.Contains(out, "ok     azure machines 9 virtual machines are reachable by a grant\n") || errs != "" {
		t.Errorf("everything in place: exit %d\n%s%s", code, out, errs)
	}
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "ok     ") {
			t.Errorf("not a line a check, though nobody reads it at a terminal: %s", line)
		}
	}
	env := s.env
	s.env = append(s.env, "SLACK_BOT_TOKEN=", "SLACK_APP_TOKEN=", "AZURE_CLIENT_SECRET=wrong")
	if out, errs, code := s.verb("check", "--offline"); code != 0 || strings.Count(out, "\n") != 1 {
		t.Errorf("offline: exit %d\n%s%s", code, out, errs)
	}
	out, errs, code = s.verb("check")
	if code != 1 || !strings.Contains(out, "SLACK_BOT_TOKEN is not set") || !strings.Contains(out, "FAULT  azure machines") {
		t.Errorf("without secrets: exit %d\n%s%s", code, out, errs)
	}
	s.env = env
	s.slack.UpdateChannel(slacksim.DemoChannelID, func(c *slacksim.Channel) { c.Archived = true })
	s.slack.RemoveGroup(slacksim.DemoApproversID)
	s.write(s.store(), "no store")
	out, errs, code = s.verb("check")
	for _, want := range []string{"FAULT  store", slacksim.DemoChannelID + " is archived", "Slack does not know " + slacksim.DemoApproversID} {
		if code != 1 || !strings.Contains(out, want) {
			t.Errorf("%q is missing: exit %d\n%s%s", want, code, out, errs)
		}
	}
}

func TestProgramPrints(t *testing.T) {
	s := newSite(t)
	if out, errs, code := s.verb("manifest"); code != 0 || out != app.Manifest() || errs != "" {
		t.Errorf("manifest: exit %d\n%s%s", code, out, errs)
	}
	for _, tt := range []struct {
		args []string
		note string // on stderr
	}{
		{[]string{}, "Chosen is --firewall none, since nothing says that there are firewalls."},
		{[]string{"--firewall", "policy"}, ""},
		{[]string{"--sweep"}, "Chosen is --firewall none"},
		{[]string{"--sweep", "--firewall", "all"}, app.SweepWarning(app.AllFirewalls)},
		{[]string{"--requester"}, ""},
		{[]string{"--admin", "--installation", "test"}, ""},
	} {
		out, errs, code := s.verb(append([]string{"role"}, tt.args...)...)
		if code != 0 || !json.Valid([]byte(out)) || !strings.HasPrefix(errs, tt.note) || (errs == "") != (tt.note == "") {
			t.Errorf("role %q: exit %d\n%s%s", tt.args, code, out, errs)
		}
	}
	for _, args := range [][]string{{"--firewall", "both"}, {"--subscription", "mine"}, {"--installation", "Prod!"}} {
		if out, errs, code := s.verb(append([]string{"role"}, args...)...); code != 1 || out != "" || !strings.Contains(errs, "write") {
			t.Errorf("role %q: exit %d\n%s%s", args, code, out, errs)
		}
	}
	if out, errs, code := s.verb("version"); code != 0 || !strings.HasPrefix(out, "jitbot ") || !strings.Contains(out, "go1.") {
		t.Errorf("version: exit %d\n%s%s", code, out, errs)
	}
	if out, errs, code := s.verb("completion", "bash"); code != 0 || !strings.Contains(out, "jitbot") {
		t.Errorf("completion: exit %d\n%s", code, errs)
	}
	for _, args := range [][]string{{"rum"}, {"run", "now"}, {"run", "--fast"}, {"sweep", "--log", "xml"}, {"lists"}, {"revoke"}, {"revoke", "g-22222", "--all"}, {"backup"}} {
		if out, errs, code := s.verb(args...); code != 2 || out != "" || !strings.Contains(errs, "jitbot --help") {
			t.Errorf("%q: exit %d\n%s%s", args, code, out, errs)
		}
	}
	for _, verb := range []string{"", "run", "check", "list", "revoke", "audit", "backup", "sweep", "role", "manifest", "version"} {
		args := []string{"--help"}
		if verb != "" {
			args = []string{verb, "--help"}
		}
		out, _, code := s.verb(args...)
		if code != 0 || !strings.Contains(out, "Examples:") {
			t.Errorf("%s --help: exit %d\n%s", verb, code, out)
		}
		for line := range strings.SplitSeq(out, "\n") {
			if len(line) > 80 {
				t.Errorf("%s --help has a line of %d columns: %s", verb, len(line), line)
			}
		}
	}
}
