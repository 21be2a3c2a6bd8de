package form

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"jitbot/bot/command"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/parse"
	"jitbot/jit/text"
)

// ReadRows reads the rows of the form that protects VMs as they are, right or wrong, in
// their order.
func ReadRows(i Interaction) []view.ProtectRow {
	var rows []view.ProtectRow
	for block := range i.View.State.Values {
		number, ok := strings.CutPrefix(block, view.RowPort+"-")
		id, err := strconv.Atoi(number)
		if !ok || err != nil || id < 1 || view.RowInput(view.RowPort, id) != block {
			continue
		}
		in := func(name string) input { return i.input(view.RowInput(name, id), view.RowInput(name, id)) }
		row := view.ProtectRow{
			ID: id, Port: in(view.RowPort).Value, From: in(view.RowFrom).Value, Longest: in(view.RowLongest).Value,
		}
		if o := in(view.RowProtocol).Option; o != nil && slices.Contains(view.Protocols(), jit.Protocol(o.Value)) {
			row.Protocol = jit.Protocol(o.Value)
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b view.ProtectRow) int { return a.ID - b.ID })
	return rows
}

// ReadProtection reads the form that protects VMs: which it was shown for and
// what may be asked for of each port. None of it is to be believed.
func ReadProtection(i Interaction) (view.ShownVMs, []jit.PortPolicy, Errors) {
	errs := Errors{}
	shown, err := view.UnpackVMs(i.View.Metadata)
	if err != nil {
		errs.Refuse(AnyInput(i), err)
	}
	rows := ReadRows(i)
	if len(rows) == 0 || len(rows) > view.MaxRows {
		errs.add(AnyInput(i), fmt.Sprintf("Write the ports to protect, %d rows at most.", view.MaxRows))
		return shown, nil, errs
	}
	var out []jit.PortPolicy
	for _, r := range rows {
		pp, wrong := policyOf(r)
		maps.Copy(errs, wrong)
		for _, before := range out {
			if p, q := before.Ports, pp.Ports; q.To > 0 && p.From <= q.To && q.From <= p.To && p.Protocol == q.Protocol {
				errs.add(view.RowInput(view.RowPort, r.ID), "The ports "+p.String()+" and "+q.String()+" overlap; name each port once.")
			}
		}
		out = append(out, pp)
	}
	return shown, out, errs
}

// RowPolicies are the rows that can be read.
func RowPolicies(rows []view.ProtectRow) []jit.PortPolicy {
	var out []jit.PortPolicy
	for _, r := range rows {
		if pp, errs := policyOf(r); len(errs) == 0 {
			out = append(out, pp)
		}
	}
	return out
}

func policyOf(r view.ProtectRow) (jit.PortPolicy, Errors) {
	errs := Errors{}
	pp := jit.PortPolicy{Ports: rowPorts(r, errs)}
	pp.Any, pp.Sources = rowSources(r, errs)
	pp.Longest = rowLongest(r, errs)
	pp.Shortest = min(jit.DefaultShortest, pp.Longest)
	return pp, errs
}

// rowPorts are the ports of a row; a protocol that is written there wins.
func rowPorts(r view.ProtectRow, errs Errors) jit.Ports {
	at := view.RowInput(view.RowPort, r.ID)
	word := strings.ReplaceAll(command.Bare(text.Clean(view.Clip(r.Port, view.MaxOptionText))), " ", "")
	if word == "" {
		errs.add(at, "Write a port such as 22, or a range such as 8000-8010.")
		return jit.Ports{}
	}
	all, err := parse.Ports(word)
	switch {
	case err != nil:
		errs.Refuse(at, err)
		return jit.Ports{}
	case len(all) != 1:
		errs.add(at, "Write one port or range here, and add a row for each other.")
		return jit.Ports{}
	}
	p := all[0]
	if p.Protocol == "" {
		p.Protocol = r.Protocol
	}
	if p.Protocol == "" {
		errs.add(view.RowInput(view.RowProtocol, r.ID), "Choose Any, TCP or UDP.")
	}
	return p
}

// splitList splits what was written as a list.
func splitList(written string) []string {
	return strings.FieldsFunc(text.Clean(view.Clip(written, view.MaxInput)), func(r rune) bool { return r == ',' || r == ';' || r == ' ' })
}

const maxProtected = 100 // allowed ranges of one row

// rowSources are from where access may be asked for.
func rowSources(r view.ProtectRow, errs Errors) (anyone bool, out []netip.Prefix) {
	at := view.RowInput(view.RowFrom, r.ID)
	words := splitList(r.From)
	if len(words) > maxProtected {
		errs.add(at, "Those are too many ranges; write fewer, wider ones.")
		return false, nil
	}
	for _, word := range words {
		if strings.EqualFold(command.Bare(word), view.AnyAddress) {
			anyone = true
			continue
		}
		p, err := parse.Source(view.Clip(command.Bare(word), view.MaxOptionText))
		if err != nil {
			errs.Refuse(at, err)
			return anyone, nil
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	if !anyone && len(out) == 0 {
		errs.add(at, "Write any, for any single address, or the ranges that access may be asked from.")
	}
	return anyone, out
}

func rowLongest(r view.ProtectRow, errs Errors) time.Duration {
	at := view.RowInput(view.RowLongest, r.ID)
	word := strings.ReplaceAll(text.Clean(r.Longest), " ", "")
	d, err := parse.Duration(view.Clip(word, view.MaxOptionText))
	switch {
	case word == "":
		errs.add(at, "Say for how long access may be asked for at most, such as 3h.")
	case err != nil:
		errs.Refuse(at, err)
	case d <= 0 || d > jit.MaxDuration:
		errs.add(at, "Write a duration of 24h at most.")
	}
	return d
}
