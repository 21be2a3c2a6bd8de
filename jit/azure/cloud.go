package azure

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Cloud names one of Azure's clouds.
type Cloud string

// The clouds; the empty Cloud is Public. CustomCloud takes its endpoints from
// Config.Custom.
const (
	Public       Cloud = "public"
	USGovernment Cloud = "usgovernment"
	China        Cloud = "china"
	CustomCloud  Cloud = "custom"
)

// Custom are the endpoints of a private cloud, all of them https and required.
type Custom struct {
	AuthorityHost   string // of Entra, such as https://login.example/
	ResourceManager Endpoint
	Graph           Endpoint
}

// Endpoint is a service's base URL and the audience its tokens are for.
type Endpoint struct {
	Endpoint string
	Audience string
}

// endpoints is a cloud resolved.
type endpoints struct {
	cloud cloud.Configuration
	graph Endpoint
}

// endpoints resolves the cloud.
// https://learn.microsoft.com/graph/deployments
func (c Cloud) endpoints(custom Custom) (endpoints, error) {
	same := func(host string) Endpoint { return Endpoint{host, host} }
	switch c {
	case "", Public:
		return endpoints{cloud.AzurePublic, same("https://graph.microsoft.com")}, nil
	case USGovernment:
		return endpoints{cloud.AzureGovernment, same("https://graph.microsoft.us")}, nil
	case China:
		return endpoints{cloud.AzureChina, same("https://microsoftgraph.chinacloudapi.cn")}, nil
	case CustomCloud:
		return custom.endpoints()
	default:
		return endpoints{}, fmt.Errorf("cloud: %q is none of public, usgovernment, china, custom", string(c))
	}
}

func (c Custom) endpoints() (endpoints, error) {
	err := errors.Join(
		checkHTTPS("custom.authority_host", c.AuthorityHost),
		checkHTTPS("custom.resource_manager.endpoint", c.ResourceManager.Endpoint),
		checkHTTPS("custom.graph.endpoint", c.Graph.Endpoint),
		checkAudience("custom.resource_manager.audience", c.ResourceManager.Audience),
		checkAudience("custom.graph.audience", c.Graph.Audience),
	)
	if err != nil {
		return endpoints{}, err
	}
	return endpoints{
		cloud: cloud.Configuration{
			ActiveDirectoryAuthorityHost: c.AuthorityHost,
			Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
				cloud.ResourceManager: {Endpoint: c.ResourceManager.Endpoint, Audience: c.ResourceManager.Audience},
			},
		},
		graph: c.Graph,
	}, nil
}

// checkHTTPS keeps tokens off the open network. There is no insecure switch.
func checkHTTPS(name, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%s: %q is no https address", name, address)
	}
	return nil
}

func checkAudience(name, audience string) error {
	if audience == "" {
		return fmt.Errorf("%s: missing", name)
	}
	return nil
}

// clientOptions are what the credential and every client have in common.
func clientOptions(cfg Config, ends endpoints) azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     ends.cloud,
		Transport: cfg.Transport,
		Telemetry: policy.TelemetryOptions{ApplicationID: "jitbot"},
		Retry: policy.RetryOptions{
			MaxRetries: 2, RetryDelay: 500 * time.Millisecond, MaxRetryDelay: 5 * time.Second,
			// A connection that says nothing is given up, also where the
			// caller sets no deadline.
			TryTimeout:  time.Minute,
			ShouldRetry: shouldRetry,
		},
	}
}
