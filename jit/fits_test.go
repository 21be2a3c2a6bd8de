package jit

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWhatPoliciesOffer(t *testing.T) {
	ssh, web := Ports{22, 22, TCP}, Ports{8000, 8010, TCP}
	policy := Policy{
		Widest: Widths{V4: 32, V6: 128},
		Ports: []PortPolicy{
			{Ports: ssh, Any: true, Shortest: 5 * time.Minute, Longest: 3 * time.Hour},
			{Ports: web, Sources: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}, Longest: time.Hour},
		},
	}
	one, inside := []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")}, []netip.Prefix{netip.MustParsePrefix("198.51.100.7/32")}
	tests := []struct {
		name    string
		group   string
		ports   string // empty: none
		sources []netip.Prefix
		d       time.Duration
		want    []Ports // nil: refused
		kind    error
		says    string
	}{
		{"a port", "prod", "22", one, time.Hour, []Ports{ssh}, nil, ""},
		{"one port by two names", "prod", "ssh,22,22/tcp", one, time.Hour, []Ports{ssh}, nil, ""},
		{"two ports", "prod", "8005,22", inside, time.Hour, []Ports{ssh, {8005, 8005, TCP}}, nil, ""},
		{"the same range by parts that overlap", "prod", "8000-8005,8005/tcp", inside, time.Hour, nil, ErrInput, "overlap"},
		{"the longest", "prod", "22", one, 3 * time.Hour, []Ports{ssh}, nil, ""},
		{"too long", "prod", "22", one, 3*time.Hour + time.Second, nil, ErrPolicy, "at most 3h"},
		{"too long for one of two", "prod", "22,8005", inside, 2 * time.Hour, nil, ErrPolicy, "at most 1h"},
		{"the shortest", "prod", "22", one, 5 * time.Minute, []Ports{ssh}, nil, ""},
		{"too short", "prod", "22", one, time.Minute, nil, ErrPolicy, "at least 5m"},
		{"a port not on offer", "prod", "3389", one, time.Hour, nil, ErrPolicy, "22, 8000-8010"},
		{"everything", "prod", "1-65535", one, time.Hour, nil, ErrPolicy, "22, 8000-8010"},
		{"another protocol", "prod", "22/udp", one, time.Hour, nil, ErrPolicy, "22/udp"},
		{"a source not accepted", "prod", "8000", one, time.Hour, nil, ErrPolicy, "198.51.100.0/24"},
		{"a range where one address is", "prod", "22", []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}, time.Hour, nil, ErrPolicy, "any single address"},
		{"one of two sources not accepted", "prod", "8000", append(inside[:1:1], one...), time.Hour, nil, ErrPolicy, "203.0.113.7/32"},
		{"no port", "prod", "", one, time.Hour, nil, ErrInput, "22, 8000-8010"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var ports []Ports
			if tt.ports != "" {
				var err error
				if ports, err = ParsePorts(tt.ports); err != nil {
					t.Fatal(err)
				}
			}
			got, err := policy.Check(VM{Name: "web-01", Group: tt.group}, ports, tt.sources, tt.d)
			if diff := cmp.Diff(tt.want, got); diff != "" || !errors.Is(err, tt.kind) {
				t.Errorf("error %v, ports (-want +got):\n%s", err, diff)
			}
			if err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%q does not say %q", err, tt.says)
			}
		})
	}
}

func TestAlreadyOpen(t *testing.T) {
	addr := netip.MustParseAddr("10.0.0.4")
	owner := Owner{Installation: "prod", Bands: Bands{Allow: Band{100, 249}}}
	everything := func(name string, priority int) Rule {
		return Rule{
			Name: name, Priority: priority, Inbound: true, Allow: true, Protocol: AnyProtocol,
			Sources: []string{"*"}, SourcePorts: []string{"*"}, Destinations: []string{"*"}, Ports: []string{"*"},
		}
	}
	tests := []struct {
		name        string
		nic, subnet []Rule
		want        []string // words of the one note; nil: none
	}{
		{"by both guards", []Rule{everything("SSH", 300)}, []Rule{everything("any", 310)}, []string{"web-01", "port 22", "203.0.113.7/32", "SSH (priority 300) of nic", "any (priority 310) of subnet"}},
		{"shut by one guard", []Rule{everything("SSH", 300)}, nil, nil},
		{"shut by both", nil, nil, nil},
		{"by a grant", []Rule{everything("jitbot-prod-g-7k2qd-a", 100), everything("SSH", 300)}, []Rule{everything("any", 310)}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := AlreadyOpen(owner, VM{Name: "web-01"},
				[]Path{{Guard: "/G/nic", Addresses: []netip.Addr{addr}}, {Guard: "/g/subnet", Addresses: []netip.Addr{addr, netip.MustParseAddr("fd00::4")}}},
				map[string]Table{"/g/nic": {Name: "nic", Rules: tt.nic}, "/g/subnet": {Name: "subnet", Rules: tt.subnet}},
				Request{Ports: []Ports{{22, 22, TCP}}, Sources: []netip.Prefix{netip.MustParsePrefix("203.0.113.7/32")}})
			if (len(got) > 0) != (tt.want != nil) {
				t.Fatalf("notes %q", got)
			}
			for _, word := range tt.want {
				if !strings.Contains(got[0], word) {
					t.Errorf("%q does not name %q", got[0], word)
				}
			}
		})
	}
}
