package app

import (
	_ "embed"
	"fmt"

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
