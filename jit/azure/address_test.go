package azure

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestReadPrivateAddresses(t *testing.T) {
	for document, want := range map[string]string{
		`{}`:                                     "[] ",
		`{"privateIPAddress":null}`:              "[] ",
		`{"privateIPAddress":""}`:                "[] ",
		`{"privateIPAddress":"10.0.0.4"}`:        "[10.0.0.4] ",
		`{"privateIPAddress":"::ffff:10.0.0.4"}`: "[10.0.0.4] ",
		`{"privateIPAddress":"10.0.0.6/30"}`:     "[10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7] ",
		`{"privateIPAddress":"10.0.0.6/30","privateIPAddressPrefixLength":30}`: "[10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7] ",
		`{"privateIPAddress":"10.0.0.4","privateIPAddressPrefixLength":31}`:    "[10.0.0.4 10.0.0.5] ",
		`{"privateIPAddress":"10.0.0.4","privateIPAddressPrefixLength":32}`:    "[10.0.0.4] ",
		`{"privateIPAddress":"fd00::8/127"}`:                                   "[fd00::8 fd00::9] ",
		`{"privateIPAddress":"255.255.255.255/32"}`:                            "[255.255.255.255] ",
		`{"privateIPAddress":"255.255.255.254/31"}`:                            "[255.255.255.254 255.255.255.255] ",
		`{"privateIPAddress":"fd00::/80"}`:                                     "[] fd00::/80",
		`{"privateIPAddress":"10.0.0.0/16"}`:                                   "[] 10.0.0.0/16",
		`{"privateIPAddress":"10.0.0.4","privateIPAddressPrefixLength":33}`:    "[] 10.0.0.4/33",
		`{"privateIPAddress":"10.0.0"}`:                                        "[] 10.0.0",
		`{"privateIPAddress":{"block":"10.0.0.0/28"}}`:                         `[] {"block":"10.0.0.0/28"}`,
		`{"privateIPAddress":7}`:                                               "[] 7",
	} {
		var c ipConfiguration
		if err := json.Unmarshal([]byte(`{"properties":`+document+`}`), &c); err != nil {
			t.Errorf("%s: %v", document, err)
		}
		if got := c.private(); fmt.Sprint(got.List)+" "+got.Unread != want {
			t.Errorf("%s: %v %q, want %s", document, got.List, got.Unread, want)
		}
	}
}

func FuzzPrivateAddresses(f *testing.F) {
	f.Add("10.0.0.0/28", 28)
	f.Fuzz(func(t *testing.T, text string, bits int) {
		got := readPrivateAddresses(text, bits)
		if len(got.List) > 1<<maxBlockBits || text != "" && len(got.List) == 0 && got.Unread == "" && strings.TrimSpace(text) != "" {
			t.Errorf("%q/%d: %d addresses, %q", text, bits, len(got.List), got.Unread)
		}
	})
}
