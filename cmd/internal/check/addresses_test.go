package check_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"jitbot/jit/azure/azuresim"
)

// A group whose rules name as many addresses as Azure takes is named before anybody
// asks.
func TestCheckNamesAGroupFullOfAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPremises(t)
		var addresses []string
		for i := range 3999 { // one is named already
			addresses = append(addresses, fmt.Sprintf("10.77.%d.%d", i/256, i%256))
		}
		p.must(p.azure.PutRule(azuresim.DemoWebNICNSG, azuresim.Rule{
			Name: "partners", Priority: 3000, Access: "Allow", Direction: "Inbound", Protocol: "Tcp",
			SourceAddressPrefixes: addresses, SourcePortRange: "*", DestinationAddressPrefix: "*", DestinationPortRange: "9",
		}))
		lines := p.check()
		if !says(lines, "azure rules", []string{"The rules of web-nic-nsg would name more than 4000 source addresses in all", "remove some", "prod-web/web-1"}) {
			t.Errorf("it says\n%s", strings.Join(lines, "\n"))
		}
	})
}
