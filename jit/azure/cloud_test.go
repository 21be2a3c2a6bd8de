package azure_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
)

// token is a credential that remembers what it was asked for.
type token struct{ scopes map[string]bool }

func (c *token) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	for _, s := range o.Scopes {
		c.scopes[s] = true
	}
	return azcore.AccessToken{Token: "t", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func TestClouds(t *testing.T) {
	tests := []struct {
		cloud                          azure.Cloud
		manager, graph, scope1, scope2 string
	}{
		{"", "management.azure.com", "graph.microsoft.com", "https://management.core.windows.net//.default", "https://graph.microsoft.com/.default"},
		{azure.Public, "management.azure.com", "graph.microsoft.com", "https://management.core.windows.net//.default", "https://graph.microsoft.com/.default"},
		{azure.USGovernment, "management.usgovcloudapi.net", "graph.microsoft.us", "https://management.core.usgovcloudapi.net/.default", "https://graph.microsoft.us/.default"},
		{azure.China, "management.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn", "https://management.core.chinacloudapi.cn/.default", "https://microsoftgraph.chinacloudapi.cn/.default"},
		{azure.CustomCloud, "arm.example", "graph.example", "https://arm.audience/.default", "https://graph.audience/.default"},
	}
	for _, tt := range tests {
		t.Run(string(tt.cloud), func(t *testing.T) {
			hosts, agents := map[string]bool{}, map[string]bool{}
			cred := &token{map[string]bool{}}
			c, err := azure.New(azure.Config{
				Subscriptions: []string{azuresim.DemoSubscription}, Cloud: tt.cloud, Credential: cred,
				Custom: azure.Custom{
					AuthorityHost:   "https://login.example/",
					ResourceManager: azure.Endpoint{Endpoint: "https://arm.example", Audience: "https://arm.audience"},
					Graph:           azure.Endpoint{Endpoint: "https://graph.example/", Audience: "https://graph.audience"},
				},
				Transport: transport(func(r *http.Request) (*http.Response, error) {
					hosts[r.URL.Host] = true
					agents[r.Header.Get("User-Agent")[:6]] = true
					return &http.Response{StatusCode: 400, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
				}),
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Table(t.Context(), azuresim.DemoWebNICNSG); err == nil {
				t.Error("no error")
			}
			if _, err := c.User(t.Context(), azuresim.DemoAda, false); err == nil {
				t.Error("no error")
			}
			if !hosts[tt.manager] || !hosts[tt.graph] || len(hosts) != 2 || !agents["jitbot"] || len(agents) != 1 {
				t.Errorf("hosts %v, agents %v", hosts, agents)
			}
			if !cred.scopes[tt.scope2] || len(cred.scopes) != 2 {
				t.Errorf("scopes %v", cred.scopes)
			}
			if tt.cloud == azure.CustomCloud && !cred.scopes[tt.scope1] {
				t.Errorf("scopes %v", cred.scopes)
			}
		})
	}
}

func TestPublicCloudOverTransport(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *azure.Config) { c.Cloud = "" })
		w.find(t, allowName)
		if _, err := w.User(t.Context(), azuresim.DemoAda, false); err != nil {
			t.Error(err)
		}
	})
}

func TestConfigFaults(t *testing.T) {
	good := azure.Config{Subscriptions: []string{azuresim.DemoSubscription}, Cloud: azure.CustomCloud, Custom: endpoints(), Credential: &token{}}
	if _, err := azure.New(good); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(*azure.Config)
		texts  []string
	}{
		{"no subscription", func(c *azure.Config) { c.Subscriptions = nil }, []string{"subscriptions"}},
		{"bad subscription", func(c *azure.Config) { c.Subscriptions = []string{"prod"} }, []string{`"prod" is no GUID`}},
		{"poll", func(c *azure.Config) { c.Poll = 99 * time.Millisecond }, []string{"poll"}},
		{"negative poll", func(c *azure.Config) { c.Poll = -time.Second }, []string{"poll"}},
		{"cloud", func(c *azure.Config) { c.Cloud = "mars" }, []string{"mars"}},
		{"no custom", func(c *azure.Config) { c.Custom = azure.Custom{} }, []string{"authority_host", "resource_manager.endpoint", "graph.audience"}},
		{"http", func(c *azure.Config) { c.Custom.ResourceManager.Endpoint = "http://azure.test" }, []string{"resource_manager.endpoint", "https"}},
		{"two at once", func(c *azure.Config) { c.Poll, c.Custom.Graph.Endpoint = 1, "graph" }, []string{"poll", "graph.endpoint"}},
	}
	for _, tt := range tests {
		cfg := good
		tt.change(&cfg)
		_, err := azure.New(cfg)
		if err == nil {
			t.Errorf("%s: no error", tt.name)
			continue
		}
		for _, text := range tt.texts {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("%s: %q is not in %v", tt.name, text, err)
			}
		}
	}
}

// TestCredentialOfTheEnvironment: what is set decides, and nothing else is
// tried.
func TestCredentialOfTheEnvironment(t *testing.T) {
	for _, name := range []string{"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE"} {
		t.Setenv(name, "")
	}
	cfg := azure.Config{Subscriptions: []string{azuresim.DemoSubscription}}
	if _, err := azure.New(cfg); err != nil {
		t.Errorf("managed identity: %v", err)
	}
	t.Setenv("AZURE_CLIENT_SECRET", "s")
	if _, err := azure.New(cfg); err == nil || !strings.Contains(err.Error(), "AZURE_TENANT_ID") {
		t.Errorf("half a service principal: %v", err)
	}
	t.Setenv("AZURE_CLIENT_SECRET", "")
	t.Setenv("AZURE_FEDERATED_TOKEN_FILE", "/nowhere")
	if _, err := azure.New(cfg); err == nil {
		t.Error("half a workload identity")
	}
}
