package app

import (
	_ "embed"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A file is embedded only from its own folder downwards, and a link would be left
// out of the module's archive; hence a copy, which a test compares.
//
//go:generate cp ../../../manifest.yaml manifest.yaml
//go:embed manifest.yaml
var manifest string

// Manifest is the Slack app's manifest, as YAML.
func Manifest() string { return manifest }

// historyScopes are those by which a card that a crash left twice is found.
const historyScopes = `      # Finding the copies of a card that a crash left, by their metadata. Without
      # these a copy works, and says where the card is once it is clicked.
      - channels:history
      - groups:history
`

// HistoryManifest is Manifest with the scopes to read the channels that the bot is
// a member of.
func HistoryManifest() string {
	const last = "      - groups:read\n"
	return strings.Replace(manifest, last, last+historyScopes, 1)
}

// HistoryScopes are what HistoryManifest asks for beyond Manifest.
func HistoryScopes() []string { return []string{"channels:history", "groups:history"} }

// ManifestScopes are the scopes that the bot token gets by it.
func ManifestScopes() []string {
	var m struct {
		OAuth struct {
			Scopes struct{ Bot []string }
		} `yaml:"oauth_config"`
	}
	if err := yaml.Load([]byte(manifest), &m); err != nil {
		panic(fmt.Sprintf("the manifest in this program is no YAML: %v", err)) // a test reads it
	}
	return m.OAuth.Scopes.Bot
}
