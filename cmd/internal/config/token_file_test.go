package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"jitbot/cmd/internal/config"
)

// Token files are taken as containers mount them and editors write them; one that
// others may use is refused, with what to write.
func TestTokenFiles(t *testing.T) {
	const app = "xapp-1-secret"
	for _, tt := range []struct {
		name     string
		text     string
		mode     os.FileMode
		readOnly bool
		want     string // in the error; none is no error
	}{
		{"its owner's", "xoxb-1-secret", 0o600, false, ""},
		{"its owner's, to read", "xoxb-1-secret", 0o400, false, ""},
		{"the group's to read", "xoxb-1-secret", 0o440, false, ""},
		{"everybody's to read where nobody writes", "xoxb-1-secret", 0o444, true, ""},
		{"as a secret is mounted by default", "xoxb-1-secret", 0o644, true, ""},
		{"everybody's to read on a disk", "xoxb-1-secret", 0o444, false, "defaultMode: 0440"},
		{"everybody's on a disk", "xoxb-1-secret", 0o644, false, "chmod 600"},
		{"everybody's to write", "xoxb-1-secret", 0o666, true, "chmod 600"},
		{"the group's to write", "xoxb-1-secret", 0o660, false, "chmod 600"},
		{"marked as UTF-8", "\ufeffxoxb-1-secret\n", 0o600, false, ""},
		{"with line ends of Windows", "xoxb-1-secret\r\n", 0o600, false, ""},
		{"both", "\ufeff xoxb-1-secret \r\n\r\n", 0o600, false, ""},
		{"in UTF-16", "\xff\xfex\x00o\x00x\x00b\x00-\x00", 0o600, false, "UTF-8"},
		{"two lines", "xoxb-1-secret\r\nxoxb-2-secret", 0o600, false, "is not the token"},
		{"empty", "\ufeff\r\n", 0o600, false, "is not the token"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "token")
			if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(file, tt.mode); err != nil {
				t.Fatal(err)
			}
			link := filepath.Join(t.TempDir(), "bot") // Kubernetes links to the newest version
			if err := os.Symlink(file, link); err != nil {
				t.Fatal(err)
			}
			env := map[string]string{"SLACK_BOT_TOKEN_FILE": link, "SLACK_APP_TOKEN": app}
			got, err := config.ReadTokensOn(func(name string) string { return env[name] }, func(string) bool { return tt.readOnly })
			if tt.want == "" && (err != nil || got.Bot != "xoxb-1-secret" || got.App != app) {
				t.Errorf("got %v, %q", err, got.Bot)
			}
			if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("a token shows: %v", err)
			}
		})
	}
	for name, c := range map[string]struct{ file, want string }{
		"a variable": {"${CREDENTIALS_DIRECTORY}/bot", "holds ${"}, "a home": {"~/bot", "begins with ~"}, "NUL": {"/etc/b\x00t", "holds a control character"},
	} {
		env := map[string]string{"SLACK_BOT_TOKEN_FILE": c.file, "SLACK_APP_TOKEN": app}
		if _, err := config.ReadTokens(func(name string) string { return env[name] }); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// A disk is read-only when its mount says so.
func TestReadOnlyMount(t *testing.T) {
	if config.ReadOnlyMount(t.TempDir()) {
		t.Error("a folder for temporary files is said to be read-only")
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return // not on this system
	}
	for line := range strings.Lines(string(mounts)) {
		var from, at, kind, options string
		if _, err := fmt.Sscan(line, &from, &at, &kind, &options); err != nil || strings.Contains(at, "\\") {
			continue
		}
		if info, err := os.Stat(at); err == nil && info.Mode().IsRegular() && strings.HasPrefix(options+",", "ro,") && !config.ReadOnlyMount(at) {
			t.Errorf("%s is mounted read-only and is not said to be", at)
		}
	}
}
