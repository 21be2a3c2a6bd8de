package program_test

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/guardpath"
	"jitbot/jit/policies"
	"jitbot/jit/rules"
	"jitbot/store/bolt"
)

const (
	hosts    = 100 // machines, each behind an NSG of its own
	perHost  = 100 // open grants at each
	hostRoot = azuresim.DemoDevGroup + "/providers/"
)

// BenchmarkMemory is the anonymous resident memory of the built program after
// its first comparison with Azure: idle, and with 10,000 open grants whose
// rules are all in place.
func BenchmarkMemory(b *testing.B) {
	for name, full := range map[string]bool{"idle": false, "10000-open": true} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(residentMiB(b, full), "MiB")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}

func residentMiB(b *testing.B, full bool) float64 {
	s := newSite(b)
	s.azure.Configure(func(c *azuresim.Settings) { c.Throttle = false })
	if full {
		s.fill(b)
	}
	p := s.start("run")
	s.awaitSlack("the program", func(n *slacksim.Snapshot) bool { return n.Sockets > 0 })
	s.awaitAzure("the first comparison", func() bool {
		lists := 0
		for _, r := range s.azure.Requests() {
			if strings.HasSuffix(strings.ToLower(r.Path), "/networksecuritygroups") {
				lists++
			}
		}
		return lists > 0
	})
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		b.Skip("resident memory is read from /proc, which is not here")
	}
	p.kill()
	var kib float64
	for line := range strings.Lines(string(status)) {
		if _, err := fmt.Sscanf(line, "RssAnon: %f kB", &kib); err == nil {
			return kib / 1024
		}
	}
	b.Fatal("no RssAnon")
	return 0
}

// fill stores the grants as open and puts their rules in place.
func (s *site) fill(b *testing.B) {
	db, err := bolt.Open(b.Context(), s.store(), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	var wg sync.WaitGroup
	for h := range hosts {
		wg.Go(func() { s.fillHost(b, db, h) })
	}
	wg.Wait()
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
}

func (s *site) fillHost(b *testing.B, db *bolt.Store, h int) {
	vm := fmt.Sprintf("%sMicrosoft.Compute/virtualMachines/host-%03d", hostRoot, h)
	nic := fmt.Sprintf("%sMicrosoft.Network/networkInterfaces/host-%03d", hostRoot, h)
	nsg := fmt.Sprintf("%sMicrosoft.Network/networkSecurityGroups/host-%03d", hostRoot, h)
	address := netip.AddrFrom4([4]byte{10, 99, byte(h), 4})
	var wanted []rules.Rule
	for i := range perHost {
		g := openGrant(jit.Request{Key: fmt.Sprint(h, "/", i)}.DeriveID(0), vm, nsg, address)
		if err := db.Create(b.Context(), g); err != nil {
			continue // two keys may share an id; the first keeps it
		}
		wanted = append(wanted, rules.ForGrant("prod", nsg, g)...)
	}
	owner := rules.Owner{Installation: "prod", Bands: policies.Bands{Allow: policies.Band{From: 100, To: 249}}} // as is the default
	group := azuresim.NSG{ID: nsg}
	for _, r := range owner.MakePlan(rules.Table{}, wanted).Final {
		group.Rules = append(group.Rules, azuresim.Rule{
			Name: r.Name, Description: r.Description, Protocol: "Tcp", SourceAddressPrefix: r.Sources[0], SourcePortRange: "*",
			DestinationAddressPrefix: r.Destinations[0], DestinationPortRange: r.Ports[0], Access: "Allow", Direction: "Inbound", Priority: r.Priority,
		})
	}
	if err := s.azure.PutNSG(group); err != nil {
		b.Error(err)
	}
	card, _ := s.azure.NIC(s.azure.VMs()[0].NICs[0])
	s.azure.PutNIC(azuresim.NIC{ID: nic, NSG: nsg, IPs: []azuresim.IPConfig{{Name: "ip", Address: address.String(), Subnet: card.IPs[0].Subnet}}})
	s.azure.PutVM(azuresim.VM{ID: vm, OS: "Linux", NICs: []string{nic}})
}

// openGrant is a grant that has been open for a while.
func openGrant(id jit.ID, vm, nsg string, address netip.Addr) jit.Grant {
	now := time.Now().UTC()
	return jit.Grant{
		ID: id, Revision: 7, State: jit.Open, Required: 1,
		Request: jit.Request{
			By:      jit.Person{ID: jit.UserID(slacksim.DemoEngineerID), Entra: azuresim.DemoAda, Name: azuresim.DemoAdaUPN},
			Targets: []jit.Target{{VM: vm, Name: vm[strings.LastIndexByte(vm, '/')+1:], Group: "dev"}},
			Ports:   []jit.Ports{{From: 22, To: 22, Protocol: jit.TCP}}, Sources: []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")},
			Duration: 3 * time.Hour, Reason: "a long night", At: now,
		},
		Clock: jit.Clock{Approved: now, Begun: now, OpenBy: now.Add(time.Minute), Until: now.Add(3*time.Hour + time.Minute), Opened: now, Deadline: now.Add(3 * time.Hour)},
		Paths: []guardpath.Path{{VM: vm, Guard: nsg, Addresses: []netip.Addr{address}, Confirmed: true}},
	}
}
