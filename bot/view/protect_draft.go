package view

import (
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/access"
	"jitbot/jit/lookup"
	"jitbot/jit/text"
)

// ManagementPorts are the ports that Defender for Cloud begins with.
// https://learn.microsoft.com/azure/defender-for-cloud/enable-just-in-time-access
func ManagementPorts() []uint16 { return []uint16{22, 3389, 5985, 5986} }

// ProtectDraft is what is in the form that protects VMs.
type ProtectDraft struct {
	Words   []string // that name the VMs
	VMs     []string // what they are, as people call them
	Are     string   // of VMsDigest
	Rows    []ProtectRow
	Effects []access.ProtectEffect
	Note    string // said above the inputs, in plain text
}

// ProtectRow is a port of the form as it is written.
type ProtectRow struct {
	ID       int // which stays while others come and go
	Port     string
	Protocol jit.Protocol
	From     string
	Longest  string
}

// MaxRows is how many ports the form holds; a view has 100 blocks.
const MaxRows = 18

// Begin has a row for each port that is on offer, with its own limits; typed ports win.
// more says how many do not fit.
func (d *ProtectDraft) Begin(o lookup.Offer, typed []jit.Ports) (more int) {
	var all []jit.PortPolicy
	for _, p := range typed {
		pp, q, ok := FindPorts(p, o)
		if !ok {
			pp, q = defaultTerms(), p
		}
		pp.Ports = q
		all = append(all, pp)
	}
	if len(typed) == 0 {
		all = slices.Clone(o.Ports)
	}
	if len(all) == 0 {
		for _, port := range ManagementPorts() {
			pp := defaultTerms()
			pp.Ports = jit.Ports{From: port, To: port, Protocol: jit.AnyProtocol}
			all = append(all, pp)
		}
	}
	all = apart(all)
	for _, pp := range all[:min(len(all), MaxRows)] {
		d.Rows = append(d.Rows, rowOf(len(d.Rows)+1, pp))
	}
	return max(len(all)-MaxRows, 0)
}

func defaultTerms() jit.PortPolicy {
	return jit.PortPolicy{Any: true, Shortest: jit.DefaultShortest, Longest: jit.DefaultLongest}
}

// apart cuts out of each what one before it holds, which is never asked for by it.
func apart(all []jit.PortPolicy) []jit.PortPolicy {
	var out []jit.PortPolicy
	for _, pp := range all {
		left := []jit.PortPolicy{pp}
		for _, before := range out {
			var next []jit.PortPolicy
			for _, l := range left {
				next = append(next, without(l, before.Ports)...)
			}
			left = next
		}
		out = append(out, left...)
	}
	return out
}

// without is what is left of the ports where others of the same protocol are taken out.
func without(pp jit.PortPolicy, taken jit.Ports) []jit.PortPolicy {
	if pp.Ports.Protocol != taken.Protocol || pp.Ports.To < taken.From || pp.Ports.From > taken.To {
		return []jit.PortPolicy{pp}
	}
	var out []jit.PortPolicy
	if pp.Ports.From < taken.From {
		low := pp
		low.Ports.To = taken.From - 1
		out = append(out, low)
	}
	if pp.Ports.To > taken.To {
		high := pp
		high.Ports.From = taken.To + 1
		out = append(out, high)
	}
	return out
}

func rowOf(id int, pp jit.PortPolicy) ProtectRow {
	var from []string
	if pp.Any {
		from = append(from, AnyAddress)
	}
	for _, s := range pp.Sources {
		from = append(from, Address(s))
	}
	protocol := pp.Ports.Protocol
	if protocol == "" {
		protocol = jit.TCP
	}
	return ProtectRow{id, pp.Ports.Span(), protocol, strings.Join(from, ", "), text.Duration(pp.Longest)}
}

// Add gives the form an empty row, and Remove takes one away: there is always one.
func (d *ProtectDraft) Add() {
	last := 0
	for _, r := range d.Rows {
		last = max(last, r.ID)
	}
	if len(d.Rows) < MaxRows {
		d.Rows = append(d.Rows, ProtectRow{ID: last + 1, Protocol: jit.TCP, From: AnyAddress, Longest: text.Duration(jit.DefaultLongest)})
	}
}

// Remove takes a row away, but never the last.
func (d *ProtectDraft) Remove(id int) {
	if len(d.Rows) > 1 {
		d.Rows = slices.DeleteFunc(d.Rows, func(r ProtectRow) bool { return r.ID == id })
	}
}

// Protocols are what a port may be protected for, in the menu's order.
func Protocols() []jit.Protocol { return []jit.Protocol{jit.AnyProtocol, jit.TCP, jit.UDP} }
