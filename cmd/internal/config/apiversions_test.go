package config_test

import (
	"strings"
	"testing"

	"jitbot/cmd/internal/config"
)

// A version is written as it is, which YAML takes for a date, or in quotes.
func TestConfigAPIVersions(t *testing.T) {
	got := parse(t, strings.Replace(minimal, "azure: {", `azure: {api_versions: {network: 2023-09-01, compute: "2023-07-01"}, `, 1))
	if want := (config.APIVersions{Network: "2023-09-01", Compute: "2023-07-01"}); got.Azure.APIVersions != want {
		t.Errorf("read as %+v", got.Azure.APIVersions)
	}
	_, err := config.Parse("jitbot.yaml", []byte(strings.Replace(minimal, "azure: {",
		"azure: {api_versions: {network: latest, compute: 2018-06-01, authorization: 2020-04-01-preview, netwerk: 2024-05-01}, ", 1)))
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{
		`azure.api_versions.network: is "latest"; write a version of Azure's API, such as 2024-05-01`,
		"azure.api_versions.compute: 2018-06-01 does not tell all that must be known of a resource; write 2019-07-01 or later",
		"azure.api_versions.authorization: 2020-04-01-preview does not tell",
		"azure.api_versions.netwerk: is no key here; did you mean network?",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
}
