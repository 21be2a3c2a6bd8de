package simulated

import (
	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
)

// AzureConfig leads into the simulator, with the bot's secret.
func AzureConfig(t Tester, sim *azuresim.Sim) azure.Config {
	t.Helper()
	transport := azuresim.Transport{Handler: sim}
	private := cloud.Configuration{
		ActiveDirectoryAuthorityHost: "https://login.example/",
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: "https://arm.example", Audience: azuresim.DefaultAudience},
		},
	}
	cred, err := azidentity.NewClientSecretCredential(azuresim.DefaultTenantID, azuresim.DefaultClientID, azuresim.DefaultClientSecret,
		&azidentity.ClientSecretCredentialOptions{
			ClientOptions: azcore.ClientOptions{Cloud: private, Transport: transport}, DisableInstanceDiscovery: true,
		})
	if err != nil {
		t.Fatal(err)
	}
	return azure.Config{
		Subscriptions: []string{azuresim.DemoSubscription}, Cloud: azure.CustomCloud, Credential: cred, Transport: transport,
		Custom: azure.Custom{
			AuthorityHost:   "https://login.example/",
			ResourceManager: azure.Endpoint{Endpoint: "https://arm.example", Audience: azuresim.DefaultAudience},
			Graph:           azure.Endpoint{Endpoint: "https://graph.example", Audience: azuresim.DefaultGraph},
		},
	}
}

// FirewallSubnet is where the demo's classic firewall stands.
func FirewallSubnet() string {
	return azuresim.DemoHubGroup + "/providers/Microsoft.Network/virtualNetworks/hub-vnet/subnets/AzureFirewallSubnet"
}

// FirewallIPs are its public addresses.
func FirewallIPs() []string {
	const outside = azuresim.DemoHubGroup + "/providers/Microsoft.Network/publicIPAddresses/"
	return []string{outside + "fw-ip-1", outside + "fw-ip-2"}
}
