package policies_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"jitbot/jit"
	"jitbot/jit/parse"
	"jitbot/jit/policies"
)

func TestWhatPoliciesOffer(t *testing.T) {
	ssh, web := jit.Ports{From: 22, To: 22, Protocol: jit.TCP}, jit.Ports{From: 8000, To: 8010, Protocol: jit.TCP}
	policy := policies.Policy{
		Widest: jit.Widths{V4: 32, V6: 128},
		Ports: []jit.PortPolicy{
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
		want    []jit.Ports // nil: refused
		kind    error
		says    string
	}{
		{"a port", "prod", "22", one, time.Hour, []jit.Ports{ssh}, nil, ""},
		{"one port by two names", "prod", "ssh,22,22/tcp", one, time.Hour, []jit.Ports{ssh}, nil, ""},
		{"two ports", "prod", "8005,22", inside, time.Hour, []jit.Ports{ssh, {From: 8005, To: 8005, Protocol: jit.TCP}}, nil, ""},
		{"the same range by parts that overlap", "prod", "8000-8005,8005/tcp", inside, time.Hour, nil, jit.ErrInput, "overlap"},
		{"the longest", "prod", "22", one, 3 * time.Hour, []jit.Ports{ssh}, nil, ""},
		{"too long", "prod", "22", one, 3*time.Hour + time.Second, nil, jit.ErrPolicy, "at most 3h"},
		{"too long for one of two", "prod", "22,8005", inside, 2 * time.Hour, nil, jit.ErrPolicy, "at most 1h"},
		{"the shortest", "prod", "22", one, 5 * time.Minute, []jit.Ports{ssh}, nil, ""},
		{"too short", "prod", "22", one, time.Minute, nil, jit.ErrPolicy, "at least 5m"},
		{"a port not on offer", "prod", "3389", one, time.Hour, nil, jit.ErrPolicy, "22, 8000-8010"},
		{"everything", "prod", "1-65535", one, time.Hour, nil, jit.ErrPolicy, "22, 8000-8010"},
		{"another protocol", "prod", "22/udp", one, time.Hour, nil, jit.ErrPolicy, "22/udp"},
		{"a source not accepted", "prod", "8000", one, time.Hour, nil, jit.ErrPolicy, "198.51.100.0/24"},
		{"a range where one address is", "prod", "22", []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}, time.Hour, nil, jit.ErrPolicy, "any single address"},
		{"one of two sources not accepted", "prod", "8000", append(inside[:1:1], one...), time.Hour, nil, jit.ErrPolicy, "203.0.113.7/32"},
		{"no port", "prod", "", one, time.Hour, nil, jit.ErrInput, "22, 8000-8010"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var ports []jit.Ports
			if tt.ports != "" {
				var err error
				if ports, err = parse.Ports(tt.ports); err != nil {
					t.Fatal(err)
				}
			}
			got, err := policy.Check(jit.VM{Name: "web-01", Group: tt.group}, ports, tt.sources, tt.d)
			if diff := cmp.Diff(tt.want, got); diff != "" || !errors.Is(err, tt.kind) {
				t.Errorf("error %v, ports (-want +got):\n%s", err, diff)
			}
			if err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%q does not say %q", err, tt.says)
			}
		})
	}
}
