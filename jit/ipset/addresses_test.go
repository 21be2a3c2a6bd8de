package ipset_test

import (
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"jitbot/jit/ipset"
)

// The ends of each family have no neighbour, and the families none in each other.
func TestFamiliesAreApart(t *testing.T) {
	all := ipset.AllAddresses()
	if !slices.Equal(all, ipset.AllIPv6().Union(ipset.AllIPv4())) || len(all) != 2 || ipset.AllIPv4().Overlaps(ipset.AllIPv6()) {
		t.Errorf("all addresses are %v", all)
	}
	if left := all.Subtract(ipset.AllIPv4()); !slices.Equal(left, ipset.AllIPv6()) {
		t.Errorf("without IPv4: %v", left)
	}
	if left := all.Subtract(all); len(left) > 0 {
		t.Errorf("without all: %v", left)
	}
	for _, a := range []netip.Addr{netip.IPv4Unspecified(), netip.MustParseAddr("255.255.255.255"), netip.IPv6Unspecified()} {
		one := ipset.One(a)
		if got := all.Subtract(one).Union(one); !slices.Equal(got, all) || !ipset.FamilyOf(a).Includes(one) {
			t.Errorf("%s taken out and put back: %v", a, got)
		}
	}
}

func TestParseAddresses(t *testing.T) {
	for word, want := range map[string]string{
		"10.0.0.4": "10.0.0.4-10.0.0.4", "10.0.0.7/24": "10.0.0.0-10.0.0.255", "10.0.0.1 - 10.0.0.9": "10.0.0.1-10.0.0.9",
		"::ffff:10.0.0.4": "10.0.0.4-10.0.0.4", "2001:db8::/126": "2001:db8::-2001:db8::3",
		"10.0.0.9-10.0.0.1": "", "10.0.0.1-::1": "", "fe80::1%eth0": "", "fe80::1-fe80::2%eth0": "", "Internet": "", "": "",
	} {
		got, ok := ipset.ParseAddresses(word)
		text := ""
		if ok {
			text = got[0].From.String() + "-" + got[0].To.String()
		}
		if ok != (want != "") || text != want || len(got) > 1 {
			t.Errorf("%q is %v, %t", word, got, ok)
		}
	}
}

// Prefixes that were made of a set are the set again, and none could be wider.
func TestPrefixesOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var in []netip.Prefix
		for range rapid.IntRange(0, 6).Draw(t, "prefixes") {
			last := rapid.Byte().Draw(t, "address")
			a, bits := netip.AddrFrom4([4]byte{10, 0, 0, last}), rapid.IntRange(24, 32).Draw(t, "bits")
			if rapid.Bool().Draw(t, "IPv6") {
				a, bits = netip.AddrFrom16([16]byte{0: 0xfd, 15: last}), bits+96
			}
			in = append(in, netip.PrefixFrom(a, bits))
		}
		set := ipset.AddressesIn(in)
		out := ipset.PrefixesOf(set)
		if got := ipset.AddressesIn(out); !slices.Equal(got, set) {
			t.Fatalf("%v became %v", in, out)
		}
		for i, p := range out {
			if wider := netip.PrefixFrom(p.Addr(), p.Bits()-1); p != p.Masked() || set.Includes(ipset.AddressesOf(wider)) {
				t.Fatalf("%v: %v could be wider", in, p)
			}
			if i > 0 && out[i-1].Overlaps(p) {
				t.Fatalf("%v: %v overlap", in, out)
			}
		}
	})
}

func TestPrivateIPv4(t *testing.T) {
	for word, want := range map[string]bool{
		"10.255.255.255": true, "172.16.0.0": true, "172.32.0.0": false, "192.168.1.1": true, "100.64.0.1": true, "100.128.0.0": false,
		"203.0.113.7": false, "fd00::1": false,
	} {
		if got := ipset.PrivateIPv4(netip.MustParseAddr(word)); got != want {
			t.Errorf("%s is private: %t", word, got)
		}
	}
}
