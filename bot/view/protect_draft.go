package view

import (
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/access"
	"jitbot/jit/text"
)

// ManagementPorts are the ports that Defender for Cloud begins with.
// https://learn.microsoft.com/azure/defender-for-cloud/enable-just-in-time-access
func ManagementPorts() []uint16 { return []uint16{22, 3389, 5985, 5986} }

// ProtectDraft is what is in the form that protects VMs.
type ProtectDraft struct {
	Words    []string // that name the VMs
	VMs      []string // what they are, as people call them
	Are      string   // of VMsDigest
	Ports    []uint16 // of the management ports
	Custom   string
	Protocol jit.Protocol
	Anyone   bool // any single address, per request
	Ranges   string
	Longest  string
	Note     string // said above the inputs, in plain text
}

// Begin takes over what is on offer; typed ports win.
func (d *ProtectDraft) Begin(o access.Offer, typed []jit.Ports) {
	d.Protocol, d.Anyone, d.Longest = jit.AnyProtocol, true, text.Duration(jit.DefaultLongest)
	var ports []jit.Ports
	if len(o.Ports) > 0 {
		longest := jit.MaxDuration
		for _, pp := range o.Ports {
			ports = append(ports, pp.Ports)
			longest = min(longest, pp.Longest)
		}
		var ranges []string
		for _, s := range o.Sources {
			ranges = append(ranges, Address(s))
		}
		d.Anyone, d.Ranges, d.Longest = o.Any, strings.Join(ranges, ", "), text.Duration(longest)
	}
	if len(typed) > 0 {
		ports = nil
	}
	for _, p := range typed {
		if _, q, ok := FindPorts(p, o); ok {
			p = q // with the offer's protocol
		}
		ports = append(ports, p)
	}
	if len(ports) == 0 {
		d.Ports = ManagementPorts()
		return
	}
	d.Protocol = ports[0].Protocol
	if d.Protocol == "" {
		d.Protocol = jit.TCP
	}
	if slices.ContainsFunc(ports, func(p jit.Ports) bool { return p.Protocol == jit.AnyProtocol }) {
		d.Protocol = jit.AnyProtocol // which no port can say by itself
	}
	d.spread(ports)
}

// spread ticks the management ports and writes the others.
func (d *ProtectDraft) spread(ports []jit.Ports) {
	var custom []string
	for _, p := range ports {
		same := p.Protocol == "" || p.Protocol == d.Protocol
		switch {
		case same && p.From == p.To && slices.Contains(ManagementPorts(), p.From):
			d.Ports = append(d.Ports, p.From)
		case same:
			custom = append(custom, p.Span())
		default:
			custom = append(custom, p.Span()+"/"+string(p.Protocol))
		}
	}
	d.Custom = strings.Join(custom, ", ")
}

// Protocols are what a port may be protected for, in the menu's order.
func Protocols() []jit.Protocol { return []jit.Protocol{jit.AnyProtocol, jit.TCP, jit.UDP} }
