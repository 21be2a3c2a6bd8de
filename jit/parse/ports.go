package parse

import (
	"strconv"
	"strings"

	"jitbot/jit"
)

// wellKnown are the port words people type.
func wellKnown(word string) ([]jit.Ports, bool) {
	switch strings.ToLower(word) {
	case "ssh":
		return []jit.Ports{{From: 22, To: 22, Protocol: jit.TCP}}, true
	case "rdp":
		return []jit.Ports{{From: 3389, To: 3389, Protocol: jit.TCP}}, true
	case "winrm":
		return []jit.Ports{{From: 5985, To: 5985, Protocol: jit.TCP}, {From: 5986, To: 5986, Protocol: jit.TCP}}, true
	default:
		return nil, false
	}
}

// Ports reads 22, 22,3389, 8000-8010, 22/tcp, ssh, rdp and winrm; digits may be of full
// width.
func Ports(s string) ([]jit.Ports, error) {
	var out []jit.Ports
	for word := range strings.SplitSeq(Fold(s), ",") {
		word = strings.TrimSpace(word)
		if named, ok := wellKnown(word); ok {
			out = append(out, named...)
			continue
		}
		p, err := port(word)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return jit.DistinctPorts(out)
}

func port(word string) (jit.Ports, error) {
	span, protocol, named := strings.Cut(word, "/")
	p := jit.Ports{Protocol: jit.Protocol(strings.ToLower(protocol))}
	if named && p.Protocol != jit.TCP && p.Protocol != jit.UDP {
		return jit.Ports{}, jit.Refuse(jit.ErrInput, "%s is no protocol; write /tcp or /udp after the port.", protocol)
	}
	from, to, ranged := strings.Cut(span, "-")
	if !ranged {
		to = from
	}
	var err error
	if p.From, err = portNumber(from); err != nil {
		return jit.Ports{}, err
	}
	if p.To, err = portNumber(to); err != nil {
		return jit.Ports{}, err
	}
	if p.From > p.To {
		return jit.Ports{}, jit.Refuse(jit.ErrInput, "The range %s runs backwards; write the smaller port first.", span)
	}
	return p, nil
}

func portNumber(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n < 1 || n > 65535 || s != strconv.FormatUint(n, 10) {
		return 0, jit.Refuse(jit.ErrInput, "%s is no port; write a number from 1 to 65535, a range such as 8000-8010, or ssh, rdp or winrm.", s)
	}
	return uint16(n), nil
}
