package azure

import (
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// environmentCredential chooses one credential by what the environment holds.
// Only one: a wrong secret must be told, not covered by falling back to the
// identity of the machine. Those of developers' tools are not tried.
func environmentCredential(options azcore.ClientOptions, private bool) (azcore.TokenCredential, error) {
	// azidentity reads the same variables itself: a value from elsewhere could
	// contradict it.
	env := os.Getenv                //nolint:forbidigo // see above
	options.Retry.ShouldRetry = nil // Entra's 429 is not handled by the throttle
	if env("AZURE_CLIENT_SECRET") != "" || env("AZURE_CLIENT_CERTIFICATE_PATH") != "" {
		return azidentity.NewEnvironmentCredential(&azidentity.EnvironmentCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: private,
		})
	}
	if env("AZURE_FEDERATED_TOKEN_FILE") != "" {
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: private,
		})
	}
	managed := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: options}
	if id := env("AZURE_CLIENT_ID"); id != "" {
		managed.ID = azidentity.ClientID(id)
	}
	return azidentity.NewManagedIdentityCredential(managed)
}
