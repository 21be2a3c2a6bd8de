package app_test

import (
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"jitbot/cmd/internal/app"
	"jitbot/cmd/internal/config"
)

// Each cloud that the configuration knows is one that the adapter knows, and the
// rest of azure gets there too.
func TestEveryCloudOfTheConfigurationIsKnown(t *testing.T) {
	cred, err := azidentity.NewClientSecretCredential("11111111-2222-3333-4444-555555555555", "client", "secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	for cloud, want := range map[string]string{"public": "", "usgovernment": "", "china": "", "custom": "", "elsewhere": "elsewhere"} {
		text := `installation: prod
slack: {channel: C0123456789}
azure:
  subscriptions: [11111111-2222-3333-4444-555555555555]
  cloud: ` + cloud
		if cloud == "custom" {
			text += `
  custom:
    authority_host: https://login.corp.test/
    resource_manager: {endpoint: https://arm.corp.test, audience: arm}
    graph: {endpoint: https://graph.corp.test, audience: graph}`
		}
		c, err := config.Parse("jitbot.yaml", []byte(text))
		if err == nil {
			_, err = app.Options{Config: c, Credential: cred}.AzureClient(nil)
		}
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", cloud, err)
		}
	}
}
