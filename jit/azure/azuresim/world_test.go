package azuresim_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"

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

func sdkRule(priority int32, source, ports string) armnetwork.SecurityRule {
	return armnetwork.SecurityRule{Properties: &armnetwork.SecurityRulePropertiesFormat{
		Priority: &priority, Access: new(armnetwork.SecurityRuleAccessAllow), Direction: new(armnetwork.SecurityRuleDirectionInbound),
		Protocol: new(armnetwork.SecurityRuleProtocolTCP), SourceAddressPrefix: &source, SourcePortRange: new("*"),
		DestinationAddressPrefix: new("*"), DestinationPortRange: &ports, Description: new("test"),
	}}
}

// answer is a raw answer.
type answer struct {
	status int
	header http.Header
	text   string
	body   struct {
		ID, Name, Etag, NextLink, Status string
		Value                            []map[string]any
		Properties                       map[string]any
		Error                            struct {
			Code, Message string
			Details       []struct{ Code, Message string }
		}
	}
}

// code is the error's code, with the first detail's after a slash.
func (a answer) code() string {
	if len(a.body.Error.Details) > 0 {
		return a.body.Error.Code + "/" + a.body.Error.Details[0].Code
	}
	return a.body.Error.Code
}

// token asks for an access token as a client would.
func (w *world) token(audience string) string {
	w.t.Helper()
	got, err := w.cred.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{audience + "/.default"}})
	if err != nil {
		w.t.Fatal(err)
	}
	return got.Token
}

// ask sends a raw request to Resource Manager; header pairs follow the body.
func (w *world) ask(method, path, body string, header ...string) answer {
	w.t.Helper()
	if !strings.Contains(path, "api-version=") {
		path += map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + "api-version=2025-05-01"
	}
	return w.raw(method, path, body, append([]string{"Authorization", "Bearer " + w.token(azuresim.DefaultAudience)}, header...)...)
}

// raw sends a request with exactly these headers.
func (w *world) raw(method, path, body string, header ...string) answer {
	w.t.Helper()
	if !strings.HasPrefix(path, "https://") {
		path = host + path
	}
	req, err := http.NewRequest(method, path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := w.options.Transport.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, text: string(text)}
	if strings.Contains(resp.Header.Get("Content-Type"), "json") {
		_ = json.Unmarshal(text, &a.body) // a sign-in error has another shape
	}
	return a
}

func addr(text string) netip.Addr { return netip.MustParseAddr(text) }

func toJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}
