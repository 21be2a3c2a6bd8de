package azuresim_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit/azure/azuresim"
)

// world is a seeded simulator with real clients on it.
type world struct {
	*azuresim.Sim
	t       *testing.T
	cred    azcore.TokenCredential
	options *arm.ClientOptions
}

const host = "https://azure.test"

func newWorld(t *testing.T) *world {
	t.Helper()
	sim := azuresim.New(azuresim.Options{})
	azuresim.SeedDemo(sim)
	options := policy.ClientOptions{
		Transport: azuresim.Transport{Handler: sim},
		Cloud: cloud.Configuration{
			ActiveDirectoryAuthorityHost: host,
			Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
				cloud.ResourceManager: {Endpoint: host, Audience: azuresim.DefaultAudience},
			},
		},
	}
	cred, err := azidentity.NewClientSecretCredential(azuresim.DefaultTenantID, azuresim.DefaultClientID, azuresim.DefaultClientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	return &world{Sim: sim, t: t, cred: cred, options: &arm.ClientOptions{ClientOptions: options, DisableRPRegistration: true}}
}

func (w *world) ruleClient() *armnetwork.SecurityRulesClient {
	w.t.Helper()
	c, err := armnetwork.NewSecurityRulesClient(azuresim.DemoSubscription, w.cred, w.options)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func to[T any](v T) *T { return &v }

func sdkRule(priority int32, source, ports string) armnetwork.SecurityRule {
	return armnetwork.SecurityRule{Properties: &armnetwork.SecurityRulePropertiesFormat{
		Priority: &priority, Access: to(armnetwork.SecurityRuleAccessAllow), Direction: to(armnetwork.SecurityRuleDirectionInbound),
		Protocol: to(armnetwork.SecurityRuleProtocolTCP), SourceAddressPrefix: &source, SourcePortRange: to("*"),
		DestinationAddressPrefix: to("*"), DestinationPortRange: &ports, Description: to("test"),
	}}
}

func TestRuleLifeWithSDK(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(func(s *azuresim.Settings) { s.OperationTime = 15 * time.Second; s.EnforceRBAC = true })
		ctx := context.Background()
		before := w.DumpRules(azuresim.DemoWebNICNSG, nil)
		poller, err := w.ruleClient().BeginCreateOrUpdate(ctx, "PROD-web", "web-nic-nsg", "jit", sdkRule(150, "203.0.113.7", "22"), nil)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		got, err := poller.PollUntilDone(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if *got.Properties.ProvisioningState != armnetwork.ProvisioningStateSucceeded || *got.Properties.SourceAddressPrefix != "203.0.113.7" {
			t.Errorf("rule is %+v", got.Properties)
		}
		if d := time.Since(start); d != 20*time.Second {
			t.Errorf("polled for %s, want two waits of ten seconds", d)
		}
		del, err := w.ruleClient().BeginDelete(ctx, "prod-web", "web-nic-nsg", "JIT", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := del.PollUntilDone(ctx, nil); err != nil {
			t.Fatal(err)
		}
		if after := w.DumpRules(azuresim.DemoWebNICNSG, nil); after != before {
			t.Errorf("table changed:\n%s\n%s", before, after)
		}
		del, err = w.ruleClient().BeginDelete(ctx, "prod-web", "web-nic-nsg", "jit", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := del.PollUntilDone(ctx, nil); err != nil {
			t.Errorf("deleting an absent rule: %v", err)
		}
		for _, r := range w.Requests() {
			if r.Status >= http.StatusBadRequest {
				t.Errorf("%+v", r)
			}
		}
	})
}
