package azuresim_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit/azure/azuresim"
)

// TestGroupNames: names of resource groups may hold dots, also two in a row,
// parentheses and letters of any script.
func TestGroupNames(t *testing.T) {
	for _, name := range []string{"team..a", "a.b.c", "(old)web", "web(1)", "Größe-東京", "مجموعة", "..team", "группа_1"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.Configure(func(s *azuresim.Settings) { s.PageSize = 1 })
			group := subscriptionPath + "/resourceGroups/" + name
			w.PutResourceGroup(azuresim.ResourceGroup{Subscription: azuresim.DemoSubscription, Name: name, Location: azuresim.DemoLocation})
			for _, nsg := range []string{"one", "two"} {
				id := group + "/providers/Microsoft.Network/networkSecurityGroups/" + nsg
				if err := w.PutNSG(azuresim.NSG{ID: id, Location: azuresim.DemoLocation}); err != nil {
					t.Fatal(err)
				}
			}
			client, err := armnetwork.NewSecurityGroupsClient(azuresim.DemoSubscription, w.cred, w.options)
			if err != nil {
				t.Fatal(err)
			}
			got, err := client.Get(t.Context(), name, "one", nil)
			if err != nil || *got.ID != group+"/providers/Microsoft.Network/networkSecurityGroups/one" {
				t.Fatalf("%s: %v %v", name, got.ID, err)
			}
			count := 0
			for p := client.NewListPager(name, nil); p.More(); {
				page, err := p.NextPage(t.Context())
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				count += len(page.Value)
			}
			poller, err := w.ruleClient().BeginCreateOrUpdate(t.Context(), name, "one", "jit", sdkRule(150, "203.0.113.7", "22"), nil)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if _, err := poller.PollUntilDone(t.Context(), &runtime.PollUntilDoneOptions{Frequency: time.Second}); err != nil || count != 2 {
				t.Errorf("%s: %d listed, %v", name, count, err)
			}
			if gone, err := w.ruleClient().BeginDelete(t.Context(), name, "one", "jit", nil); err != nil {
				t.Errorf("%s: %v", name, err)
			} else if _, err := gone.PollUntilDone(t.Context(), &runtime.PollUntilDoneOptions{Frequency: time.Second}); err != nil ||
				len(w.Rules(*got.ID)) != 0 {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}
