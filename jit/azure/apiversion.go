package azure

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
)

// APIVersions are the versions of Resource Manager's API to speak with each
// provider, such as 2024-05-01; empty is the default. Sovereign clouds serve them
// years later than the public one.
type APIVersions struct{ Network, Compute, Authorization string }

// defaultVersions are those that the program was made for.
func defaultVersions() APIVersions {
	return APIVersions{
		Network:       "2025-05-01", // of armnetwork v9
		Compute:       "2026-04-01", // of armcompute v8
		Authorization: "2022-04-01", // of armauthorization v2
	}
}

// oldestVersions are those below which what must be known is not told: rule
// collection groups of firewall policies, and conditions of role assignments.
func oldestVersions() APIVersions {
	return APIVersions{Network: "2020-05-01", Compute: "2019-07-01", Authorization: "2022-04-01"}
}

// locksVersion is the only one of management locks that is spoken: it is old enough
// for every cloud.
const locksVersion = "2016-09-01"

var versionForm = regexp.MustCompile(`^20\d{2}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(-preview)?$`)

func (v APIVersions) check() error {
	var faults []error
	for _, p := range v.providers() {
		switch {
		case p.spoken == "":
		case !versionForm.MatchString(p.spoken):
			faults = append(faults, fmt.Errorf("api_versions.%s: %q is no version of an API, such as %s", p.key, p.spoken, p.oldest))
		case p.spoken < p.oldest:
			faults = append(faults, fmt.Errorf("api_versions.%s: %s is too old, it does not tell all that must be known; write %s or later",
				p.key, p.spoken, p.oldest))
		}
	}
	return errors.Join(faults...)
}

// provider is one that has a version of its own.
type provider struct {
	key            string // in the configuration
	name           string
	spoken, oldest string
	asked          []string // the types of which every subscription can be asked for a list
}

func (v APIVersions) providers() []provider {
	oldest := oldestVersions()
	return []provider{
		{"network", "Microsoft.Network", v.Network, oldest.Network, []string{
			nsgType, nicType, networkType, "Microsoft.Network/publicIPAddresses", routeTableType, "Microsoft.Network/loadBalancers",
			firewallType, policyType,
		}},
		{"compute", "Microsoft.Compute", v.Compute, oldest.Compute, []string{vmType}},
		{"authorization", "Microsoft.Authorization", v.Authorization, oldest.Authorization, []string{
			"Microsoft.Authorization/roleAssignments", "Microsoft.Authorization/roleDefinitions",
			"Microsoft.Authorization/denyAssignments", "Microsoft.Authorization/permissions",
		}},
	}
}

func (v APIVersions) withDefaults() APIVersions {
	d := defaultVersions()
	return APIVersions{cmp.Or(v.Network, d.Network), cmp.Or(v.Compute, d.Compute), cmp.Or(v.Authorization, d.Authorization)}
}

// of is the version for a type in lower case.
func (v APIVersions) of(kind string) string {
	provider, _, _ := strings.Cut(kind, "/")
	switch {
	case kind == "microsoft.authorization/locks":
		return locksVersion
	case provider == "microsoft.authorization":
		return v.Authorization
	case provider == "microsoft.compute":
		return v.Compute
	default:
		return v.Network
	}
}

// resourceType is that of an id, of a list's, or of an address's path, in lower case:
// the provider and its types behind each other; empty when there is no provider.
func resourceType(id string) string {
	parts := strings.Split(strings.ToLower(strings.Trim(id, "/")), "/")
	at := -1
	for i, part := range parts[:len(parts)-1] {
		if part == "providers" {
			at = i
		}
	}
	if at < 0 {
		return ""
	}
	kind := parts[at+1 : min(at+2, len(parts))]
	for i := at + 2; i < len(parts); i += 2 {
		kind = append(slices.Clip(kind), parts[i])
	}
	return strings.Join(kind, "/")
}

// optionsFor are those of the SDK's clients of one resource provider.
func (c *Client) optionsFor(version string) *arm.ClientOptions {
	own := c.options
	own.APIVersion = version
	return &own
}
