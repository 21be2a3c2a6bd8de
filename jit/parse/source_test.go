package parse_test

import (
	"net/netip"
	"testing"

	"jitbot/jit/parse"
)

func TestSource(t *testing.T) {
	tests := []struct {
		name string
		in   string
		want string // empty: refused
	}{
		{"an address", "203.0.113.7", "203.0.113.7/32"},
		{"an address as a range", "203.0.113.7/32", "203.0.113.7/32"},
		{"a range", "198.51.100.0/24", "198.51.100.0/24"},
		{"private", "10.1.2.3", "10.1.2.3/32"},
		{"IPv6", "2001:db8::7", "2001:db8::7/128"},
		{"IPv6 in capitals", "2001:DB8::7", "2001:db8::7/128"},
		{"IPv6 range", "2001:db8::/48", "2001:db8::/48"},
		{"unique local", "fd00::1", "fd00::1/128"},
		{"nothing", "", ""},
		{"the internet", "0.0.0.0/0", ""},
		{"the IPv6 internet", "::/0", ""},
		{"lower half of the internet", "0.0.0.0/1", ""},
		{"upper half of the internet", "128.0.0.0/1", ""},
		{"lower half of IPv6", "::/1", ""},
		{"upper half of IPv6", "8000::/1", ""},
		{"everything by another base", "1.2.3.4/0", ""},
		{"a range around loopback", "126.0.0.0/7", ""},
		{"a range around multicast", "192.0.0.0/2", ""},
		{"a range around Azure's own address", "168.63.0.0/16", ""},
		{"an IPv6 range around link-local", "fe00::/8", ""},
		{"host bits", "198.51.100.7/24", ""},
		{"IPv6 host bits", "2001:db8::7/64", ""},
		{"zone", "fe80::1%eth0", ""},
		{"zone on a global address", "2001:db8::7%1", ""},
		{"zone in a range", "fe80::%eth0/64", ""},
		{"mapped", "::ffff:203.0.113.7", ""},
		{"mapped range", "::ffff:203.0.113.0/120", ""},
		{"all mapped", "::ffff:0:0/96", ""},
		{"loopback", "127.0.0.1", ""},
		{"another loopback", "127.9.9.9", ""},
		{"IPv6 loopback", "::1", ""},
		{"unspecified", "0.0.0.0", ""},
		{"IPv6 unspecified", "::", ""},
		{"this network", "0.1.2.3", ""},
		{"multicast", "224.0.0.1", ""},
		{"IPv6 multicast", "ff02::1", ""},
		{"link-local", "169.254.169.254", ""},
		{"IPv6 link-local", "fe80::1", ""},
		{"broadcast", "255.255.255.255", ""},
		{"reserved", "240.0.0.1", ""},
		{"Azure's own", "168.63.129.16", ""},
		{"leading zero", "010.0.0.1", ""},
		{"leading zero in the middle", "203.0.013.7", ""},
		{"leading zero of the length", "198.51.100.0/024", ""},
		{"length too long", "198.51.100.0/33", ""},
		{"negative length", "198.51.100.0/-1", ""},
		{"no length", "198.51.100.0/", ""},
		{"a mask", "198.51.100.0/255.255.255.0", ""},
		{"three parts", "10.0.1", ""},
		{"one number", "3405803783", ""},
		{"hexadecimal", "0xcb.0.0x71.7", ""},
		{"part too large", "256.0.0.1", ""},
		{"with a port", "203.0.113.7:22", ""},
		{"in brackets", "[2001:db8::7]", "2001:db8::7/128"},
		{"a range in brackets", "[2001:db8::]/48", "2001:db8::/48"},
		{"all of a range in brackets", "[2001:db8::/48]", "2001:db8::/48"},
		{"full width", "２０３．０．１１３．７", "203.0.113.7/32"},
		{"in brackets with a port", "[2001:db8::7]:22", ""},
		{"a bracket too few", "[2001:db8::7", ""},
		{"IPv4 in brackets", "[203.0.113.7]", ""},
		{"two lengths", "[2001:db8::/48]/48", ""},
		{"a star", "*", ""},
		{"a tag", "Internet", ""},
		{"a host name", "example.com", ""},
		{"a span", "10.0.0.1-10.0.0.9", ""},
		{"spaces", " 203.0.113.7", ""},
		{"a line break", "203.0.113.7\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parse.Source(tt.in)
			checkRefused(t, err, tt.want == "")
			if tt.want != "" && got.String() != tt.want {
				t.Errorf("ParseSource(%q) = %s, want %s", tt.in, got, tt.want)
			}
			if tt.want == "" && got.IsValid() && err == nil {
				t.Errorf("ParseSource(%q) = %s, want nothing", tt.in, got)
			}
		})
	}
}

func FuzzSource(f *testing.F) {
	for _, s := range []string{
		"203.0.113.7", "198.51.100.0/24", "2001:db8::7", "2001:db8::/48", "0.0.0.0/0", "::/0", "128.0.0.0/1", "8000::/1",
		"198.51.100.7/24", "fe80::1%eth0", "::ffff:203.0.113.7", "127.0.0.1", "010.0.0.1", "168.63.129.16", "255.255.255.255",
	} {
		f.Add(s)
	}
	var nobody []netip.Prefix
	for _, s := range []string{
		"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "168.63.129.16/32",
		"::/127", "fe80::/10", "ff00::/8", "::ffff:0:0/96",
	} {
		nobody = append(nobody, netip.MustParsePrefix(s))
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parse.Source(s)
		if err != nil {
			checkRefused(t, err, true)
			return
		}
		if !p.IsValid() || p != p.Masked() || p.Bits() == 0 || p.Addr().Zone() != "" {
			t.Fatalf("ParseSource(%q) = %s", s, p)
		}
		for _, q := range nobody {
			if p.Overlaps(q) {
				t.Errorf("ParseSource(%q) = %s, which holds some of %s", s, p, q)
			}
		}
		if again, err := parse.Source(p.String()); err != nil || again != p {
			t.Errorf("%q is %s, read again %s, %v", s, p, again, err)
		}
	})
}
