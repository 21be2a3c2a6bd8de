package app

import _ "embed"

// A file is embedded only from its own folder downwards, and a link would be left
// out of the module's archive; hence a copy, which a test compares.
//
//go:generate cp ../../../manifest.yaml manifest.yaml
//go:embed manifest.yaml
var manifest string

// Manifest is the Slack app's manifest, as YAML.
func Manifest() string { return manifest }
