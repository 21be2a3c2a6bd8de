package jit

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Ask is what a person wants, as the command line or the form understood it,
// before anything was looked up.
type Ask struct {
	VMs      []string // name, group/name or tag:key=value
	Ports    []Ports  // no protocol means the policy's
	Duration time.Duration
	Sources  []netip.Prefix
	Reason   string
}

// MaxReason is the most characters a reason may have; it fits a Slack section.
const MaxReason = 1000

// CleanText removes what could deceive a reader, control characters and the
// marks that turn the direction of text, and folds white space.
func CleanText(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		default:
			return r
		}
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// ParseReason cleans a reason. It is required.
func ParseReason(s string) (string, error) {
	s = CleanText(s)
	if s == "" {
		return "", Refuse(ErrInput, "Say why you need it: end the line with for and a reason.")
	}
	if n := len([]rune(s)); n > MaxReason {
		return "", Refuse(ErrInput, "The reason has %s characters; at most %s are kept, so shorten it.", fmt.Sprint(n), fmt.Sprint(MaxReason))
	}
	return s, nil
}

// wellKnown are the port words people type.
func wellKnown(word string) ([]Ports, bool) {
	switch strings.ToLower(word) {
	case "ssh":
		return []Ports{{22, 22, TCP}}, true
	case "rdp":
		return []Ports{{3389, 3389, TCP}}, true
	case "winrm":
		return []Ports{{5985, 5985, TCP}, {5986, 5986, TCP}}, true
	default:
		return nil, false
	}
}

// ParsePorts reads 22, 22,3389, 8000-8010, 22/tcp, ssh, rdp and winrm.
func ParsePorts(s string) ([]Ports, error) {
	var out []Ports
	for word := range strings.SplitSeq(s, ",") {
		word = strings.TrimSpace(word)
		if named, ok := wellKnown(word); ok {
			out = append(out, named...)
			continue
		}
		p, err := parsePort(word)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return dedupePorts(out)
}

func parsePort(word string) (Ports, error) {
	span, protocol, named := strings.Cut(word, "/")
	p := Ports{Protocol: Protocol(strings.ToLower(protocol))}
	if named && p.Protocol != TCP && p.Protocol != UDP {
		return Ports{}, Refuse(ErrInput, "%s is no protocol; write /tcp or /udp after the port.", protocol)
	}
	from, to, ranged := strings.Cut(span, "-")
	if !ranged {
		to = from
	}
	var err error
	if p.From, err = parsePortNumber(from); err != nil {
		return Ports{}, err
	}
	if p.To, err = parsePortNumber(to); err != nil {
		return Ports{}, err
	}
	if p.From > p.To {
		return Ports{}, Refuse(ErrInput, "The range %s runs backwards; write the smaller port first.", span)
	}
	return p, nil
}

func parsePortNumber(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n < 1 || n > 65535 || s != strconv.FormatUint(n, 10) {
		return 0, Refuse(ErrInput, "%s is no port; write a number from 1 to 65535, a range such as 8000-8010, or ssh, rdp or winrm.", s)
	}
	return uint16(n), nil
}

// dedupePorts sorts the ports and names each once; ports that overlap are refused.
func dedupePorts(ports []Ports) ([]Ports, error) {
	slices.SortFunc(ports, comparePorts)
	ports = slices.Compact(ports)
	for i := 1; i < len(ports); i++ {
		a, b := ports[i-1], ports[i]
		if a.Protocol == b.Protocol && b.From <= a.To {
			return nil, Refuse(ErrInput, "The ports %s and %s overlap; name each port once.", a, b)
		}
	}
	return ports, nil
}

func comparePorts(a, b Ports) int {
	if c := strings.Compare(string(a.Protocol), string(b.Protocol)); c != 0 {
		return c
	}
	if c := int(a.From) - int(b.From); c != 0 {
		return c
	}
	return int(a.To) - int(b.To)
}

// ParseDuration reads 90s, 45m, 2h, 1h30m and PT2H. It must be positive; how
// long it may be, the policy says.
func ParseDuration(s string) (time.Duration, error) {
	word := strings.ToLower(s)
	if rest, ok := strings.CutPrefix(word, "pt"); ok {
		word = rest
	} else if rest, ok := strings.CutPrefix(word, "p"); ok && rest == "1d" {
		word = "24h" // Azure's longest, written its way
	}
	var total time.Duration
	last := 0
	for word != "" {
		n, unit, rest, ok := durationPart(word)
		if !ok || unit.rank <= last {
			return 0, badDuration(s)
		}
		if n > uint64(10000*time.Hour/unit.size) {
			return 0, Refuse(ErrInput, "%s is longer than anybody may have; write a duration of at most 24h.", s)
		}
		total += time.Duration(n) * unit.size
		word, last = rest, unit.rank
	}
	if total <= 0 {
		return 0, badDuration(s)
	}
	return total, nil
}

func badDuration(s string) error {
	return Refuse(ErrInput, "%s is no duration; write one such as 90s, 45m, 2h, 1h30m or PT2H.", s)
}

type durationUnit struct {
	rank int // hours before minutes before seconds, each once
	size time.Duration
}

func durationPart(s string) (n uint64, u durationUnit, rest string, ok bool) {
	digits := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if digits < 1 {
		return 0, u, "", false
	}
	n, err := strconv.ParseUint(s[:digits], 10, 64)
	if err != nil {
		n = 1 << 62 // more digits than fit: the caller says too long
	}
	switch s[digits] {
	case 'h':
		u = durationUnit{1, time.Hour}
	case 'm':
		u = durationUnit{2, time.Minute}
	case 's':
		u = durationUnit{3, time.Second}
	default:
		return 0, u, "", false
	}
	return n, u, s[digits+1:], true
}

// ShortDuration writes a duration as people do: 1h30m, 45m, 90s is 1m30s.
func ShortDuration(d time.Duration) string {
	d = d.Round(time.Second)
	if d == 0 {
		return "0s"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// ParseSource reads the address or range that access is wanted from. What
// cannot be one person's way in is refused: everything, whatever holds
// loopback, multicast, link-local or reserved addresses, mapped addresses,
// zones, host bits.
func ParseSource(s string) (netip.Prefix, error) {
	p, err := readSource(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	a := p.Addr()
	switch {
	case p.Bits() == 0:
		return netip.Prefix{}, Refuse(ErrInput, "%s is the whole internet; write your own address, such as 203.0.113.7.", s)
	case p != p.Masked():
		return netip.Prefix{}, Refuse(ErrInput, "%s has bits set behind its prefix; write %s for the range or %s for the one address.",
			s, p.Masked(), a)
	case slices.ContainsFunc(nobodys, p.Overlaps):
		return netip.Prefix{}, Refuse(ErrInput, "%s is or holds an address that nobody can come from "+
			"(loopback, multicast, link-local or reserved); write your own address.", s)
	}
	return p, nil
}

func readSource(s string) (netip.Prefix, error) {
	bad := Refuse(ErrInput, "%s is no address; write one such as 203.0.113.7, 198.51.100.0/24 or 2001:db8::7.", s)
	var p netip.Prefix
	if strings.Contains(s, "/") {
		var err error
		if p, err = netip.ParsePrefix(s); err != nil {
			return p, bad
		}
	} else {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return p, bad
		}
		if a.Zone() != "" {
			return p, Refuse(ErrInput, "%s has a zone, which means something on one machine only; write the address without it.", s)
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if p.Addr().Is4In6() {
		return p, Refuse(ErrInput, "%s is an IPv4 address dressed as IPv6; write it as %s.", s, p.Addr().Unmap())
	}
	return p, nil
}

// nobodys are the addresses that Azure or the internet use for themselves:
// "this network", loopback, link-local, multicast with 240/4 and the broadcast
// address, and Azure's own 168.63.129.16.
var nobodys = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("224.0.0.0/3"), netip.MustParsePrefix("168.63.129.16/32"),
	netip.MustParsePrefix("::/127"), netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("ff00::/8"),
}
