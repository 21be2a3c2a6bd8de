package view_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/lookup"
)

// Whoever is let in reads what to type: in the direct message and in their list, by
// the public address from the internet, by the VM's own from inside, and through a
// firewall where one translates.
func TestHolderReadsHowToConnect(t *testing.T) {
	tcp := func(port uint16) jit.Ports { return jit.Ports{From: port, To: port, Protocol: jit.TCP} }
	inside, outside := netip.MustParseAddr("10.1.0.4"), netip.MustParseAddr("20.50.1.4")
	for name, c := range map[string]struct {
		from  string
		port  jit.Ports
		outer []netip.Addr
		end   string // public end of a firewall
		want  string
	}{
		"from the internet":           {"203.0.113.7", tcp(22), []netip.Addr{outside}, "", "`ssh &lt;user&gt;@20.50.1.4`"},
		"from inside":                 {"10.9.0.7", tcp(22), []netip.Addr{outside}, "", "`ssh &lt;user&gt;@10.1.0.4`"},
		"without a public address":    {"203.0.113.7", tcp(22), nil, "", "`ssh &lt;user&gt;@10.1.0.4`"},
		"by Remote Desktop":           {"203.0.113.7", tcp(3389), []netip.Addr{outside}, "", "Remote Desktop to `20.50.1.4`"},
		"another port":                {"203.0.113.7", tcp(5432), []netip.Addr{outside}, "", "`20.50.1.4:5432`"},
		"by a firewall":               {"203.0.113.7", tcp(22), nil, "20.50.20.1:50022", "`ssh -p 50022 &lt;user&gt;@20.50.20.1` (through the firewall)"},
		"by a firewall, the port too": {"203.0.113.7", tcp(3389), nil, "20.50.20.1:53389", "Remote Desktop to `20.50.20.1:53389` (through the firewall)"},
	} {
		t.Run(name, func(t *testing.T) {
			g := asked()
			g.State, g.Clock.Opened, g.Clock.Deadline = jit.Open, noon, after(time.Hour)
			g.Request.Sources, g.Request.Ports = []netip.Prefix{netip.MustParsePrefix(c.from + "/32")}, []jit.Ports{c.port}
			vm := g.Request.Targets[0].VM
			g.Paths = []guardpath.Path{{VM: vm, Guard: "/x/nsg", Addresses: []netip.Addr{inside}, Outer: c.outer}}
			if c.end != "" {
				end := guardpath.PublicEnd{VM: vm, Public: netip.MustParseAddrPort(c.end), To: netip.AddrPortFrom(inside, c.port.From), Protocol: string(jit.TCP)}
				g.Paths = []guardpath.Path{{VM: vm, Guard: hubFirewall, Kind: guardpath.ByDNAT, Addresses: []netip.Addr{inside}, PublicEnds: []guardpath.PublicEnd{end}}}
			}
			for where, said := range map[string]string{
				"direct message": view.Direct(jit.Event{Kind: jit.EventOpened, Until: g.Clock.Deadline}, g).Text,
				"list":           view.List([]lookup.ListedGrant{{Grant: g, Mine: true}}, false).Text,
			} {
				if !strings.Contains(said, c.want) {
					t.Errorf("%s: %s", where, said)
				}
			}
			closed := g
			closed.State = jit.Closed
			if said := view.Direct(jit.Event{Kind: jit.EventOpened}, closed).Text; strings.Contains(said, c.want) {
				t.Errorf("said of what is closed: %s", said)
			}
		})
	}
}
