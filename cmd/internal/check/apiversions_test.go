package check_test

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"jitbot/cmd/internal/config"
	"jitbot/jit/azure/azuresim"
)

// In a cloud that is years behind check says what to write, and is content with it.
func TestCheckOfACloudThatIsBehind(t *testing.T) {
	for name, way := range map[string]azuresim.VersionRefusal{
		"NoRegisteredProviderFound": azuresim.NoRegisteredProvider, "InvalidResourceType": azuresim.InvalidType,
		"InvalidApiVersionParameter": azuresim.InvalidVersion,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPremises(t)
				p.azure.Configure(func(s *azuresim.Settings) { s.VersionRefusal = way })
				p.azure.ServeVersions("Microsoft.Network", "2022-09-01", "2023-06-01", "2023-09-01")
				p.azure.ServeVersions("Microsoft.Network/azureFirewalls", "2022-09-01", "2023-06-01")
				p.azure.ServeVersions("Microsoft.Compute", "2023-07-01")
				text := strings.Join(p.check(), "\n")
				for _, want := range []string{
					"FAULT  azure versions Azure does not serve version 2025-05-01 of Microsoft.Network for networkSecurityGroups,",
					"write network: 2023-06-01 under azure.api_versions", "write compute: 2023-07-01 under azure.api_versions",
					"FAULT  azure rules    not looked at, since Azure does not serve what jitbot asks for; mend that first",
				} {
					if !strings.Contains(text, want) {
						t.Errorf("no %q in\n%s", want, text)
					}
				}
				written := map[string]string{}
				for _, found := range regexp.MustCompile(`write (\w+): (\S+) under azure.api_versions`).FindAllStringSubmatch(text, -1) {
					written[found[1]] = found[2]
				}
				p.o.Config.Azure.APIVersions = config.APIVersions{Network: written["network"], Compute: written["compute"], Authorization: written["authorization"]}
				text = strings.Join(p.check(), "\n")
				if strings.Contains(text, "FAULT") ||
					!strings.Contains(text, "ok     azure versions Azure serves network 2023-06-01, compute 2023-07-01 and authorization 2022-04-01") {
					t.Errorf("with what was to be written it says\n%s", text)
				}
			})
		})
	}
}

// One type that is behind is named too, and so is a cloud in which nothing works.
func TestCheckOfVersionsThatDoNotWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPremises(t)
		p.azure.ServeVersions("Microsoft.Authorization/denyAssignments", "2018-07-01")
		text := strings.Join(p.check(), "\n")
		for _, want := range []string{"for denyAssignments here; it lists 2018-07-01, and none of the newest is served", "azure.api_versions.authorization"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
	})
}
