package azuresim_test

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit/azure/azuresim"
)

func TestWrongSecret(t *testing.T) {
	w := newWorld(t)
	cred, err := azidentity.NewClientSecretCredential(azuresim.DefaultTenantID, azuresim.DefaultClientID, "wrong",
		&azidentity.ClientSecretCredentialOptions{ClientOptions: w.options.ClientOptions, DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{azuresim.DefaultAudience + "/.default"}})
	var refused *azidentity.AuthenticationFailedError
	if !errors.As(err, &refused) || refused.RawResponse.StatusCode != 401 || !strings.Contains(err.Error(), "AADSTS7000215") {
		t.Errorf("%v", err)
	}
}

func TestTokenRefusals(t *testing.T) {
	w := newWorld(t)
	good := "grant_type=client_credentials&client_id=" + azuresim.DefaultClientID + "&client_secret=" + azuresim.DefaultClientSecret + "&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
	for _, c := range []struct{ why, path, form, want string }{
		{"good", azuresim.DefaultTenantID, good, `"access_token"`},
		{"tenant", "00000000-0000-0000-0000-000000000001", good, "AADSTS90002"},
		{"client", azuresim.DefaultTenantID, strings.Replace(good, azuresim.DefaultClientID, "x", 1), "AADSTS700016"},
		{"grant", azuresim.DefaultTenantID, strings.Replace(good, "client_credentials", "password", 1), "AADSTS70003"},
		{"resource", azuresim.DefaultTenantID, strings.Replace(good, "graph", "graf", 1), "AADSTS500011"},
		{"scope", azuresim.DefaultTenantID, strings.Replace(good, ".default", "User.Read", 1), "AADSTS1002012"},
	} {
		got := w.raw("POST", "/"+c.path+"/oauth2/v2.0/token", c.form, "Content-Type", "application/x-www-form-urlencoded")
		if !strings.Contains(got.text, c.want) || (got.status == 200) != (c.why == "good") {
			t.Errorf("%s: %d %s", c.why, got.status, got.text)
		}
	}
}

func TestTokensAreChecked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		list := "/subscriptions/" + azuresim.DemoSubscription + "/providers/Microsoft.Compute/virtualMachines?api-version=2025-04-01"
		user := "/v1.0/users/" + azuresim.DemoAda
		arm, graph := w.token(azuresim.DefaultAudience), w.token(azuresim.DefaultGraph)
		check := func(path, authorization, code string) {
			t.Helper()
			var got answer
			if authorization == "" {
				got = w.raw("GET", path, "")
			} else {
				got = w.raw("GET", path, "", "Authorization", "Bearer "+authorization)
			}
			if code == "" {
				if got.status != 200 {
					t.Errorf("%d %s", got.status, got.text)
				}
				return
			}
			if got.status != 401 || got.code() != code || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer ") {
				t.Errorf("%s: %d %s %v", code, got.status, got.text, got.header)
			}
		}
		check(list, arm, "")
		check(user, graph, "")
		check(list, "", "AuthenticationFailed")
		check(list, "forged", "InvalidAuthenticationToken")
		check(list, graph, "InvalidAuthenticationTokenAudience")
		check(user, arm, "InvalidAuthenticationToken")
		check(user, "", "InvalidAuthenticationToken")
		time.Sleep(time.Hour)
		check(list, arm, "ExpiredAuthenticationToken")
		if got := w.ask("GET", list, ""); got.status != 200 {
			t.Errorf("a fresh token: %d %s", got.status, got.text)
		}
		w.ExpireTokens()
		check(user, graph, "InvalidAuthenticationToken")
	})
}

// TestOverTLS is the same over a real socket: the credential insists on
// https, and operations and pages carry the server's own address.
func TestOverTLS(t *testing.T) {
	sim := azuresim.New(azuresim.Options{})
	azuresim.SeedDemo(sim)
	sim.Configure(func(s *azuresim.Settings) { s.PageSize, s.RetryAfter = 1, 0 })
	server := httptest.NewUnstartedServer(sim)
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	sim.SetURL(server.URL)
	options := policy.ClientOptions{Transport: server.Client(), Cloud: cloud.Configuration{
		ActiveDirectoryAuthorityHost: server.URL,
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: server.URL, Audience: azuresim.DefaultAudience},
		},
	}}
	cred, err := azidentity.NewClientSecretCredential(azuresim.DefaultTenantID, azuresim.DefaultClientID, azuresim.DefaultClientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
	if err != nil {
		t.Fatal(err)
	}
	clients, err := armnetwork.NewClientFactory(azuresim.DemoSubscription, cred, &arm.ClientOptions{ClientOptions: options, DisableRPRegistration: true})
	if err != nil {
		t.Fatal(err)
	}
	poller, err := clients.NewSecurityRulesClient().BeginCreateOrUpdate(t.Context(), "dev", "dev-nsg", "jit", sdkRule(150, "203.0.113.7", "22"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := poller.PollUntilDone(t.Context(), &runtime.PollUntilDoneOptions{Frequency: time.Second}); err != nil {
		t.Fatal(err)
	}
	groups := 0
	for p := clients.NewSecurityGroupsClient().NewListAllPager(nil); p.More(); groups++ {
		if _, err := p.NextPage(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if groups != 6 {
		t.Errorf("%d pages", groups)
	}
	sim.AddFault(azuresim.LostAnswer().On(http.MethodDelete, "jit").Only(1))
	del, err := clients.NewSecurityRulesClient().BeginDelete(t.Context(), "dev", "dev-nsg", "jit", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := del.PollUntilDone(t.Context(), &runtime.PollUntilDoneOptions{Frequency: time.Second}); err != nil {
		t.Fatal(err)
	}
	if _, there := sim.Rule(azuresim.DemoDevNSG, "jit"); there {
		t.Error("still there")
	}
	if n := sim.Counts(); n.Lost != 1 || n.GuardDeletes != 2 || n.GuardWrites != 1 {
		t.Errorf("%+v", n)
	}
}
