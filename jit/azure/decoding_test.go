package azure

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// Documents with all that is read of them, and some that is not.
const (
	fullGroup = `{"id":"/g","name":"g","etag":"W/\"e\"","location":"westeurope","tags":{"a":"b"},"properties":{
		"provisioningState":"Succeeded","resourceGuid":"5a1e","flushConnection":true,
		"networkInterfaces":[{"id":"/n"}],"subnets":[{"id":"/s"}],
		"securityRules":[
			{"id":"/g/r","name":"r","etag":"e","type":"Microsoft.Network/networkSecurityGroups/securityRules","properties":{
				"provisioningState":"Updating","priority":100,"direction":"Inbound","access":"Allow","protocol":"Tcp",
				"sourceAddressPrefix":"10.0.0.1","sourceAddressPrefixes":["10.0.0.2","10.0.0.3"],
				"sourcePortRange":"*","sourcePortRanges":["1-2","3"],
				"destinationAddressPrefix":"VirtualNetwork","destinationAddressPrefixes":["10.0.0.4"],
				"destinationPortRange":"22","destinationPortRanges":["3389"],
				"sourceApplicationSecurityGroups":[{"id":"/a"}],"destinationApplicationSecurityGroups":[{"id":"/b"},{"id":"/c"}],
				"description":"d"}}],
		"defaultSecurityRules":[{"name":"DenyAllInBound","properties":{"priority":65500,"direction":"Inbound","access":"Deny","protocol":"*"}}]}}`

	fullInterface = `{"id":"/n","name":"n","etag":"e","tags":{"a":"b"},"properties":{
		"provisioningState":"Succeeded","primary":true,"macAddress":"00-0D","virtualMachine":{"id":"/v"},"networkSecurityGroup":{"id":"/g"},
		"dnsSettings":{"dnsServers":["10.0.0.1"]},"enableIPForwarding":false,"ipConfigurations":[
			{"id":"/n/c","name":"c","etag":"e","properties":{"provisioningState":"Succeeded","primary":true,"privateIPAddress":"10.0.0.4",
				"privateIPAllocationMethod":"Dynamic","privateIPAddressVersion":"IPv4","subnet":{"id":"/s"},
				"publicIPAddress":{"id":"/p","properties":{"ipAddress":"20.0.0.1"}},"applicationSecurityGroups":[{"id":"/a"},{"id":"/b"}]}},
			{"id":"/n/d","name":"d","properties":{"privateIPAddress":"fd00::4","subnet":{"id":"/s"}}}]}}`

	fullNetwork = `{"id":"/w","name":"w","etag":"e","properties":{"provisioningState":"Succeeded","enableDdosProtection":false,
		"addressSpace":{"addressPrefixes":["10.0.0.0/16","fd00::/48"]},"dhcpOptions":{"dnsServers":["10.0.0.1"]},
		"subnets":[{"id":"/w/subnets/s","name":"s","properties":{"addressPrefix":"10.0.0.0/24","addressPrefixes":["10.0.1.0/24","fd00::/64"],
			"networkSecurityGroup":{"id":"/g"},"routeTable":{"id":"/t"},"ipConfigurations":[{"id":"/n/c"},{"id":"/n/d"}],
			"delegations":[],"privateEndpointNetworkPolicies":"Enabled"}}],
		"virtualNetworkPeerings":[{"id":"/w/p","name":"p","properties":{"peeringState":"Connected","allowVirtualNetworkAccess":true,
			"useRemoteGateways":true,"allowForwardedTraffic":true,"remoteVirtualNetwork":{"id":"/x"},
			"remoteVirtualNetworkAddressSpace":{"addressPrefixes":["10.2.0.0/16"]},"remoteAddressSpace":{"addressPrefixes":["10.1.0.0/16"]}}}]}}`

	fullVM = `{"id":"/v","name":"v","location":"westeurope","zones":["1"],"tags":{"env":"prod","team":"db"},"properties":{"vmId":"5a1e",
		"provisioningState":"Succeeded","hardwareProfile":{"vmSize":"Standard_B1s"},
		"networkProfile":{"networkInterfaces":[{"id":"/n","properties":{"primary":true}},{"id":"/m"}]},
		"storageProfile":{"osDisk":{"osType":"Linux","name":"os"},"dataDisks":[]},"osProfile":{"computerName":"v"},
		"instanceView":{"statuses":[{"code":"ProvisioningState/succeeded","level":"Info"},{"code":"PowerState/running"}]}}}`
)

// decodings are a document's decoding here and the SDK's own, as the same type.
type decodings struct {
	name, full string
	ours, sdk  func([]byte) (any, error)
}

func decodingsOf[Ours, SDK any](name, full string, convert func(*SDK) *Ours) decodings {
	return decodings{
		name, full,
		func(body []byte) (any, error) {
			var page listPage[Ours]
			err := json.Unmarshal(body, &page)
			return page, err
		},
		func(body []byte) (any, error) {
			var page struct {
				Value    []*SDK
				NextLink string
			}
			err := json.Unmarshal(body, &page)
			return listPage[Ours]{convertAll(page.Value, convert), page.NextLink}, err
		},
	}
}

func allDecodings() []decodings {
	return []decodings{
		decodingsOf("groups", fullGroup, groupOfSDK),
		decodingsOf("interfaces", fullInterface, interfaceOfSDK),
		decodingsOf("networks", fullNetwork, networkOfSDK),
		decodingsOf("machines", fullVM, vmOfSDK),
	}
}

func page(elements ...string) []byte {
	var values []json.RawMessage
	for _, e := range elements {
		values = append(values, json.RawMessage(e))
	}
	return encode(map[string]any{"value": values, "nextLink": "https://management.azure.com/next"})
}

// What is read of a document is what the SDK would read of it.
func TestDecodingIsTheSDKs(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, d := range allDecodings() {
		t.Run(d.name, func(t *testing.T) {
			bodies := [][]byte{page(), page(d.full), page("null", d.full, "{}", `{"properties":null}`, `{"properties":{}}`)}
			if d.name == "groups" {
				bodies = append(bodies, page(recordedGroup))
			}
			for range 3000 {
				var document any
				if err := json.Unmarshal([]byte(d.full), &document); err != nil {
					t.Fatal(err)
				}
				bodies = append(bodies, page(string(encode(disturbed(random, document)))))
			}
			for _, body := range bodies {
				ours, err := d.ours(body)
				sdks, sdkErr := d.sdk(body)
				if err != nil || sdkErr != nil {
					t.Fatalf("%v, the SDK %v: %s", err, sdkErr, body)
				}
				if diff := cmp.Diff(sdks, ours, cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Addr{})); diff != "" {
					t.Fatalf("%s\n%s", body, diff)
				}
			}
		})
	}
}

// disturbed is a document with members left out, null or unknown, lists longer
// and shorter, and other values.
func disturbed(random *rand.Rand, v any) any {
	if random.IntN(25) == 0 {
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, member := range v {
			if random.IntN(12) > 0 {
				out[key] = disturbed(random, member)
			}
		}
		if _, resource := v["id"]; resource && random.IntN(5) == 0 {
			out["unknownMember"] = []any{map[string]any{"id": "/u"}, nil, 7}
		}
		return out
	case []any:
		out := []any{}
		for range random.IntN(3) {
			for _, element := range v {
				out = append(out, disturbed(random, element))
			}
		}
		return out
	case string:
		words := []string{v, v, v, "", "connected", "Unheard", "\u00e9\U0001F600\"", fmt.Sprint(random.IntN(100))}
		return words[random.IntN(len(words))]
	case float64:
		return random.Int32()
	case bool:
		return random.IntN(2) == 0
	default:
		return v
	}
}

// What is read and is of another kind than it should be is an error for both.
func TestDecodingRefusesWhatTheSDKRefuses(t *testing.T) {
	for i, element := range []string{
		`{"properties":{"securityRules":[{"properties":{"priority":"high"}}]}}`,
		`{"properties":{"securityRules":[{"properties":{"priority":3000000000}}]}}`,
		`{"properties":{"securityRules":[{"properties":{"sourceAddressPrefixes":"10.0.0.1"}}]}}`,
		`{"properties":{"securityRules":{}}}`,
		`{"properties":[]}`,
	} {
		d := allDecodings()[0]
		_, err := d.ours(page(element))
		if _, sdkErr := d.sdk(page(element)); err == nil || sdkErr == nil {
			t.Errorf("%d: %v, the SDK %v", i, err, sdkErr)
		}
	}
}

// BenchmarkDecoding is one page of a list; x/sdk is its time over that of the
// SDK's own types in the same run.
func BenchmarkDecoding(b *testing.B) {
	for _, d := range allDecodings() {
		b.Run(d.name, func(b *testing.B) {
			var elements []string
			for range 50 {
				elements = append(elements, d.full)
			}
			body := page(elements...)
			b.SetBytes(int64(len(body)))
			var ours, sdks time.Duration
			for b.Loop() {
				from := time.Now()
				_, err := d.ours(body)
				between := time.Now()
				_, sdkErr := d.sdk(body)
				ours, sdks = ours+between.Sub(from), sdks+time.Since(between)
				if err != nil || sdkErr != nil {
					b.Fatal(err, sdkErr)
				}
			}
			b.ReportMetric(float64(ours)/float64(sdks), "x/sdk")
		})
	}
}
