package route_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"jitbot/jit"
	"jitbot/jit/jittest"
	"jitbot/jit/route"
)

func TestPaths(t *testing.T) {
	tests := []struct {
		name       string
		interfaces []jit.Interface
		sources    []string
		want       []string // guard: addresses; empty: refused
	}{
		{
			"both levels",
			[]jit.Interface{{Guard: "/g/nic", Addresses: []jit.Address{jittest.Address("10.0.0.4", "/g/subnet")}}},
			[]string{"203.0.113.7/32"},
			[]string{"/g/nic: 10.0.0.4", "/g/subnet: 10.0.0.4"},
		},
		{
			"the interface only",
			[]jit.Interface{{Guard: "/g/nic", Addresses: []jit.Address{jittest.Address("10.0.0.4", "")}}},
			[]string{"203.0.113.7/32"},
			[]string{"/g/nic: 10.0.0.4"},
		},
		{
			"the subnet only",
			[]jit.Interface{{Addresses: []jit.Address{jittest.Address("10.0.0.4", "/g/subnet")}}},
			[]string{"203.0.113.7/32"},
			[]string{"/g/subnet: 10.0.0.4"},
		},
		{
			"one group on both levels",
			[]jit.Interface{{Guard: "/g/one", Addresses: []jit.Address{jittest.Address("10.0.0.4", "/G/ONE")}}},
			[]string{"203.0.113.7/32"},
			[]string{"/g/one: 10.0.0.4"},
		},
		{
			"two interfaces behind one subnet's",
			[]jit.Interface{
				{Guard: "/g/b", Addresses: []jit.Address{jittest.Address("10.0.0.4", "/g/subnet")}},
				{Guard: "/g/a", Addresses: []jit.Address{jittest.Address("10.0.0.5", "/g/SUBNET")}},
			},
			[]string{"203.0.113.7/32"},
			[]string{"/g/a: 10.0.0.5", "/g/b: 10.0.0.4", "/g/subnet: 10.0.0.4 10.0.0.5"},
		},
		{
			"two addresses of one interface",
			[]jit.Interface{{Guard: "/g/nic", Addresses: []jit.Address{jittest.Address("10.0.0.4", ""), jittest.Address("10.0.0.5", "")}}},
			[]string{"203.0.113.7/32"},
			[]string{"/g/nic: 10.0.0.4 10.0.0.5"},
		},
		{
			"the source's family only",
			[]jit.Interface{{Guard: "/g/nic", Addresses: []jit.Address{jittest.Address("10.0.0.4", ""), jittest.Address("fd00::4", "")}}},
			[]string{"2001:db8::7/128"},
			[]string{"/g/nic: fd00::4"},
		},
		{
			"both families",
			[]jit.Interface{{Guard: "/g/nic", Addresses: []jit.Address{jittest.Address("fd00::4", ""), jittest.Address("10.0.0.4", "")}}},
			[]string{"2001:db8::7/128", "203.0.113.7/32"},
			[]string{"/g/nic: 10.0.0.4 fd00::4"},
		},
		{
			"no address of the family",
			[]jit.Interface{{Guard: "/g/nic", Addresses: []jit.Address{jittest.Address("10.0.0.4", "")}}},
			[]string{"2001:db8::7/128"},
			nil,
		},
		{
			"one family of two has no address",
			[]jit.Interface{{Guard: "/g/nic", Addresses: []jit.Address{jittest.Address("10.0.0.4", "")}}},
			[]string{"203.0.113.7/32", "2001:db8::7/128"},
			nil,
		},
		{
			"no network security group",
			[]jit.Interface{{Addresses: []jit.Address{jittest.Address("10.0.0.4", "")}}},
			[]string{"203.0.113.7/32"},
			nil,
		},
		{"no interface", nil, []string{"203.0.113.7/32"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			paths, err := route.Paths("prod", jit.VM{ID: jittest.VMID, Name: "web-01", Interfaces: tt.interfaces}, []jit.Ports{jittest.TCP(22, 22)}, jittest.Prefixes(tt.sources...))
			var got []string
			for _, p := range paths {
				if p.VM != jittest.VMID || p.Confirmed {
					t.Errorf("path %+v", p)
				}
				got = append(got, p.Guard+": "+strings.Trim(fmt.Sprint(p.Addresses), "[]"))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("paths (-want +got):\n%s", diff)
			}
			if (err != nil) != (tt.want == nil) || err != nil && (!errors.Is(err, jit.ErrPolicy) || !strings.Contains(err.Error(), "web-01")) {
				t.Errorf("error %v", err)
			}
		})
	}
}
