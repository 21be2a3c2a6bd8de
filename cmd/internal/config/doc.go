// Package config reads jitbot.yaml and the tokens of the Slack app.
//
// It is strict: a key that is unknown, missing, empty or twice, and a value
// that would do something else than it says, are faults. All faults of a file
// are told at once, each with its line and what to write instead. A Config that
// was returned without an error needs no further checks, but whether the world
// is as it says: that is what package check asks.
//
// A key whose feature is not built yet is accepted only where it says what
// happens without it.
//
// It may import the domain and the YAML library; it connects to nothing, and
// links neither the Slack nor the Azure client. Files are named after the part
// of the configuration that they read: slack.go, azure.go, bands.go,
// policies.go. reader.go and values.go take keys and values of any part.
//
// Tests: here, with the words of every fault in testdata/faults.golden and a
// fuzz target; cmd/jitbot's verbs on a broken file are in cmd/internal/e2e/program.
package config
