package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"jitbot/cmd/internal/config"
)

func TestTokens(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, open := file("good", "  xoxb-1-secret\n", 0o600), file("open", "xoxb-1-secret", 0o644)
	for _, tt := range []struct {
		name string
		env  map[string]string
		want []string // in the error; none is no error
	}{
		{"plain", map[string]string{"SLACK_BOT_TOKEN": "xoxb-1-secret", "SLACK_APP_TOKEN": "xapp-1-secret"}, nil},
		{"file", map[string]string{"SLACK_BOT_TOKEN_FILE": good, "SLACK_APP_TOKEN": "xapp-1-secret"}, nil},
		{"none", nil, []string{"SLACK_BOT_TOKEN is not set", "SLACK_APP_TOKEN is not set"}},
		{"both", map[string]string{"SLACK_BOT_TOKEN_FILE": good, "SLACK_BOT_TOKEN": "xoxb-1-secret", "SLACK_APP_TOKEN": "xapp-1-secret"}, []string{"both set"}},
		{"exposed", map[string]string{"SLACK_BOT_TOKEN_FILE": open, "SLACK_APP_TOKEN": "xapp-1-secret"}, []string{"chmod 600"}},
		{"missing file", map[string]string{"SLACK_BOT_TOKEN_FILE": dir + "/none", "SLACK_APP_TOKEN": "xapp-1-secret"}, []string{"SLACK_BOT_TOKEN_FILE"}},
		{"a folder", map[string]string{"SLACK_BOT_TOKEN_FILE": dir, "SLACK_APP_TOKEN": "xapp-1-secret"}, []string{"no file with a token"}},
		{"exchanged", map[string]string{"SLACK_BOT_TOKEN": "xapp-1-secret", "SLACK_APP_TOKEN": "xoxb-1-secret"}, []string{"begins with xoxb-", "begins with xapp-"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := config.ReadTokens(func(name string) string { return tt.env[name] })
			if len(tt.want) == 0 && (err != nil || got.Bot != "xoxb-1-secret" || got.App != "xapp-1-secret") {
				t.Errorf("got %#v, %v", got, err)
			}
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %s", err, want)
				}
			}
			if text := fmt.Sprintf("%v %+v %v", got, got, err); strings.Contains(text, "secret") {
				t.Errorf("a token shows: %s", text)
			}
		})
	}
}

func TestWebhookSecret(t *testing.T) {
	for value, want := range map[string]string{"": "is not set", "short": "is short", "a secret of many letters": ""} {
		got, err := config.ReadWebhookSecret(func(name string) string {
			if name == "JITBOT_WEBHOOK_SECRET" {
				return value
			}
			return ""
		})
		if want == "" && (err != nil || got != value) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %q, %v", value, got, err)
		}
	}
}
