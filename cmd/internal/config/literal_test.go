package config_test

import (
	"fmt"
	"strings"
	"testing"

	"jitbot/cmd/internal/config"
)

// What a shell would replace is replaced by nobody here, and what cannot stand in a
// path stands in none: both are faults with their line, in whatever key.
func TestTextsAreTakenAsTheyAre(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a variable in a path":     {`store: "${STATE}/jitbot.db"`, "jitbot.yaml:4: store: holds ${"},
		"a command in a path":      {`store: "$(pwd)/jitbot.db"`, "jitbot.yaml:4: store: holds $("},
		"a word of a shell":        {`store: $HOME/jitbot.db`, "jitbot.yaml:4: store: holds $HOME"},
		"somebody's home":          {`store: ~/jitbot.db`, "jitbot.yaml:4: store: begins with ~"},
		"NUL in a path":            {`store: "/var/lib/jit\0bot.db"`, "jitbot.yaml:4: store: holds a control character"},
		"a line end in a path":     {`store: "/var/lib/jitbot.db\n"`, "jitbot.yaml:4: store: holds a control character"},
		"a folder":                 {`store: /var/lib/jitbot/`, "jitbot.yaml:4: store: "},
		"a variable in an address": {`listen: "${HOST}:9090"`, "jitbot.yaml:4: listen: holds ${"},
		"a variable in a name":     {`users: {U0123456789: "${NAME}@example.com"}`, "users.U0123456789: holds ${"},
		"a variable in a pattern":  {`policies: [{match: {name: "${ENV}-*"}, ports: [{port: 22, sources: ["*"]}]}]`, "policies[0].match.name: holds ${"},
		"a variable in a tag":      {`policies: [{match: {tags: {env: "${ENV}"}}, ports: [{port: 22, sources: ["*"]}]}]`, "policies[0].match.tags.env: holds ${"},
		"a variable in a list":     {`admins: ["${ADMIN}"]`, "admins[0]: holds ${"},
	} {
		_, err := config.Parse("jitbot.yaml", []byte(minimal+c.text+"\n"))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	for _, fine := range []string{"/var/lib/jitbot/jitbot.db", "jitbot.db", "/srv/a b/jit$bot.db", "/srv/~jit/jitbot.db", `C:\jitbot\jitbot.db`} {
		if c := parse(t, minimal+fmt.Sprintf("store: '%s'\n", fine)); c.Store != fine {
			t.Errorf("%q became %q", fine, c.Store)
		}
	}
}

// Whoever reaches the machine may ask it: that is said unless it is this machine only.
func TestListeningToEverybody(t *testing.T) {
	for address, want := range map[string]bool{
		"0.0.0.0:9090": true, ":9090": true, "[::]:9090": true, "192.0.2.7:9090": true, "jit.example:9090": true,
		"127.0.0.1:9090": false, "[::1]:9090": false, "localhost:9090": false, "": false,
	} {
		if got := parse(t, minimal+fmt.Sprintf("listen: %q\n", address)).ListensToOthers(); got != want {
			t.Errorf("%q: %t", address, got)
		}
	}
}
