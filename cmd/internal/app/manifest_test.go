package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/slack-go/slack"
	"go.yaml.in/yaml/v4"

	"jitbot/cmd/internal/app"
)

const root = "../../.." // of the module

// manifest is the part of Slack's schema that a Socket Mode bot may use: no key
// that holds an address. A key that is not here is an error, as it is at Slack.
type manifest struct {
	Metadata struct {
		Major int `yaml:"major_version"`
		Minor int `yaml:"minor_version"`
	} `yaml:"_metadata"`
	Display struct {
		Name        string `yaml:"name"`
		Description string `yaml:"description"`
		Long        string `yaml:"long_description"`
		Color       string `yaml:"background_color"`
	} `yaml:"display_information"`
	Features struct {
		Home struct {
			Home     bool `yaml:"home_tab_enabled"`
			Messages bool `yaml:"messages_tab_enabled"`
			ReadOnly bool `yaml:"messages_tab_read_only_enabled"`
		} `yaml:"app_home"`
		Bot struct {
			Name   string `yaml:"display_name"`
			Online bool   `yaml:"always_online"`
		} `yaml:"bot_user"`
		Commands []struct {
			Command     string `yaml:"command"`
			Description string `yaml:"description"`
			Hint        string `yaml:"usage_hint"`
			Escape      bool   `yaml:"should_escape"`
		} `yaml:"slash_commands"`
		Shortcuts []struct {
			Name        string `yaml:"name"`
			Type        string `yaml:"type"`
			Callback    string `yaml:"callback_id"`
			Description string `yaml:"description"`
		} `yaml:"shortcuts"`
	} `yaml:"features"`
	OAuth struct {
		Scopes struct {
			Bot []string `yaml:"bot"`
		} `yaml:"scopes"`
	} `yaml:"oauth_config"`
	Settings struct {
		Events struct {
			Bot []string `yaml:"bot_events"`
		} `yaml:"event_subscriptions"`
		Interactivity struct {
			Enabled *bool `yaml:"is_enabled"`
		} `yaml:"interactivity"`
		Org      bool `yaml:"org_deploy_enabled"`
		Socket   bool `yaml:"socket_mode_enabled"`
		Rotation bool `yaml:"token_rotation_enabled"`
	} `yaml:"settings"`
}

// faults are what Slack would refuse, or what would leave the bot without events.
func (m manifest) faults() []string {
	var out []string
	length := func(what, s string, least, most int) {
		if n := utf8.RuneCountInString(s); n < least || n > most {
			out = append(out, what+" has a wrong length")
		}
	}
	want := func(ok bool, fault string) {
		if !ok {
			out = append(out, fault)
		}
	}
	length("display_information.name", m.Display.Name, 1, 35)
	length("display_information.description", m.Display.Description, 1, 140)
	want(m.Display.Long == "" || utf8.RuneCountInString(m.Display.Long) >= 175, "long_description is too short")
	length("long_description", m.Display.Long, 0, 4000)
	want(regexp.MustCompile(`^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$`).MatchString(m.Display.Color), "background_color is no colour")
	length("bot_user.display_name", m.Features.Bot.Name, 1, 80)
	want(len(m.Features.Commands) >= 1 && len(m.Features.Commands) <= 50, "1 to 50 slash commands")
	for _, c := range m.Features.Commands {
		want(strings.HasPrefix(c.Command, "/"), "a command starts with /")
		length(c.Command, c.Command, 2, 32)
		length(c.Command+" description", c.Description, 1, 2000)
		length(c.Command+" usage_hint", c.Hint, 1, 1000)
		want(c.Escape, c.Command+": a mention must arrive as an id")
	}
	want(len(m.Features.Shortcuts) <= 10, "at most 10 shortcuts")
	for _, s := range m.Features.Shortcuts {
		length("shortcut name", s.Name, 1, 24)
		length("shortcut callback_id", s.Callback, 1, 255)
		length("shortcut description", s.Description, 1, 150)
		want(s.Type == "global" || s.Type == "message", "a shortcut is global or message")
	}
	for what, list := range map[string][]string{"scope": m.OAuth.Scopes.Bot, "event": m.Settings.Events.Bot} {
		want(len(list) >= 1 && len(list) <= 100, what+"s: 1 to 100")
		seen := map[string]bool{}
		for _, s := range list {
			length(what+" "+s, s, 1, 50)
			want(!seen[s], what+" "+s+" stands twice")
			seen[s] = true
		}
	}
	want(m.Settings.Interactivity.Enabled != nil && *m.Settings.Interactivity.Enabled, "interactivity.is_enabled is required, and buttons need it")
	want(m.Settings.Socket, "socket_mode_enabled: the bot has no address")
	want(!m.Settings.Rotation, "token_rotation_enabled: the bot does not refresh tokens")
	return out
}

func readManifest(t *testing.T) manifest {
	t.Helper()
	var m manifest
	if err := yaml.Load([]byte(app.Manifest()), &m, yaml.WithKnownFields()); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestManifestIsTheOneAtTheTop(t *testing.T) {
	top, err := os.ReadFile(filepath.Join(root, "manifest.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if string(top) != app.Manifest() {
		t.Error("manifest.yaml and its copy differ; run: go generate ./cmd/internal/app")
	}
}

func TestManifestIsValid(t *testing.T) {
	for _, fault := range readManifest(t).faults() {
		t.Error(fault)
	}
}

// The manifest with the right to read channels is the other one, and that.
func TestHistoryManifest(t *testing.T) {
	var m manifest
	if err := yaml.Load([]byte(app.HistoryManifest()), &m, yaml.WithKnownFields()); err != nil {
		t.Fatal(err)
	}
	for _, fault := range m.faults() {
		t.Error(fault)
	}
	want := slices.Concat(readManifest(t).OAuth.Scopes.Bot, app.HistoryScopes())
	if !slices.Equal(m.OAuth.Scopes.Bot, want) {
		t.Errorf("scopes %v, want %v", m.OAuth.Scopes.Bot, want)
	}
}

func TestManifestFaultsAreFound(t *testing.T) {
	tests := []struct{ name, old, new string }{
		{"unknown key", "always_online:", "always_on:"},
		{"request address", "is_enabled: true", "request_url: https://bot.example"},
		{"name too long", "name: jitbot", "name: " + strings.Repeat("j", 36)},
		{"no description", "description: Just-in-time network access to Azure VMs", ""},
		{"command without slash", "command: /jit", "command: jit"},
		{"names instead of ids", "should_escape: true", "should_escape: false"},
		{"scope twice", "- users:read\n", "- commands\n"},
		{"no interactivity", "is_enabled: true", "is_enabled: false"},
		{"no socket", "socket_mode_enabled: true", "socket_mode_enabled: false"},
		{"no colour", `"#1f2937"`, "blue"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(app.Manifest(), tt.old, tt.new, 1)
			if text == app.Manifest() {
				t.Fatalf("%q is not in the manifest", tt.old)
			}
			var m manifest
			if err := yaml.Load([]byte(text), &m, yaml.WithKnownFields()); err == nil && len(m.faults()) == 0 {
				t.Error("was accepted")
			}
		})
	}
}

// scopesOf are the bot scopes that a call needs. None where the app-level token or
// the mere installation is enough.
var scopesOf = map[string][]string{
	"AuthTest":               nil,
	"StartSocketMode":        nil,
	"OpenView":               nil,
	"UpdateView":             nil,
	"PushView":               nil,
	"PublishView":            nil,
	"GetPermalink":           nil,
	"GetConversationHistory": nil, // of --history; without the scopes there is none to read
	"PostMessage":            {"chat:write"},
	"PostEphemeral":          {"chat:write"},
	"SendMessage":            {"chat:write"},
	"UpdateMessage":          {"chat:write"},
	"DeleteMessage":          {"chat:write"},
	"OpenConversation":       {"im:write"},
	"GetConversationInfo":    {"channels:read", "groups:read"},
	"GetUsersInConversation": {"channels:read", "groups:read"},
	"GetUserInfo":            {"users:read"},
	"GetBotInfo":             {"users:read"},
	"GetUsersInfo":           {"users:read"},
	"GetUserByEmail":         {"users:read.email"},
	"GetUserGroups":          {"usergroups:read"},
	"GetUserGroupMembers":    {"usergroups:read"},
	"Search":                 nil, // of VMs, by the service; Slack's own is not for bots
}

// reasons are those of scopes that no call shows.
var reasons = map[string]string{
	"commands":          "a slash command and a shortcut are no calls",
	"app_mentions:read": "the event app_mention is no call",
	"im:history":        "the event message.im is no call",
	"chat:write.public": "posting where the bot is no member is the same call",
	"users:read.email":  "the address is a field of users.info, for match_email",
}

func TestManifestScopesAreThoseOfTheCalls(t *testing.T) {
	granted := readManifest(t).OAuth.Scopes.Bot
	needed := map[string]bool{}
	calls := slackCalls(t)
	if len(calls) == 0 {
		t.Fatal("found no call of the Web API: the scan is broken")
	}
	for call, where := range calls {
		scopes, known := scopesOf[call]
		if !known {
			t.Errorf("%s: %s is not in the table of this test", where, call)
		}
		for _, scope := range scopes {
			needed[scope] = true
			if !slices.Contains(granted, scope) {
				t.Errorf("%s: %s needs the scope %s, which the manifest does not ask for", where, call, scope)
			}
		}
	}
	for _, scope := range granted {
		if !needed[scope] && reasons[scope] == "" {
			t.Errorf("the manifest asks for %s, which no call needs", scope)
		}
	}
}

// slackCalls finds, in our code without tests and simulators, each method of
// slack.Client that is called, and where. It goes by the name, so that a call
// through an interface of ours counts as well.
func slackCalls(t *testing.T) map[string]token.Position {
	t.Helper()
	methods := map[string]bool{}
	client := reflect.TypeFor[*slack.Client]()
	for m := range client.Methods() {
		if name, ok := strings.CutSuffix(m.Name, "Context"); ok {
			methods[name] = true
		}
	}
	calls, fset := map[string]token.Position{}, token.NewFileSet()
	visit := func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "slacksim") {
			return err
		}
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok {
				if name := strings.TrimSuffix(sel.Sel.Name, "Context"); methods[name] {
					calls[name] = fset.Position(sel.Pos())
				}
			}
			return true
		})
		return nil
	}
	for _, dir := range []string{"bot", "cmd"} {
		if err := filepath.WalkDir(filepath.Join(root, dir), visit); err != nil {
			t.Fatal(err)
		}
	}
	return calls
}
