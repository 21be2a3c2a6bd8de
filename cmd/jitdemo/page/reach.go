package page

import (
	"net/netip"
	"path"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// reach is who gets to a machine: for each port, for each source.
type reach struct {
	VM         string   `json:"vm"`
	Group      string   `json:"group"`
	Note       string   `json:"note,omitempty"`       // "Win", "off"
	Protection string   `json:"protection,omitempty"` // "protected", "being protected"
	Missing    bool     `json:"missing,omitempty"`    // of a protection: a rule of it is not there
	Cells      [][]cell `json:"cells"`
}

type cell struct {
	Open   bool   `json:"open"`
	Anyone bool   `json:"anyone,omitempty"` // open, as to every other address of the internet that is asked about
	For    string `json:"for,omitempty"`    // the Slack id of whose grant opens it
	Until  int64  `json:"until,omitempty"`  // when that closes, ms since 1970
	Why    string `json:"why"`              // a line for each way
}

func (h *handler) reach(vm azuresim.VM, s stored) reach {
	out := reach{VM: path.Base(vm.ID), Group: strings.ToLower(groupOf(vm.ID)), Cells: [][]cell{}}
	out.Protection, out.Missing = h.protection(s, vm.ID)
	if vm.OS == "Windows" {
		out.Note = "Win"
	}
	if vm.Power != "" && vm.Power != "running" {
		out.Note = "off"
	}
	for _, port := range h.opt.Ports {
		out.Cells = append(out.Cells, h.cells(vm.ID, port, s.grants))
	}
	return out
}

// cells are those of one port of a VM, one for each source.
func (h *handler) cells(vm string, port int, grants []jit.Grant) []cell {
	row, internet, closed := []cell{}, 0, false
	for _, s := range h.opt.Sources {
		addr, err := netip.ParseAddr(s.Address)
		if err != nil {
			row = append(row, cell{Why: "not an address: " + s.Address})
			continue
		}
		open, why := h.opt.Azure.Path(vm, addr, port, "Tcp")
		c := cell{Open: open, Why: strings.Join(why, "\n")}
		if !addr.IsPrivate() {
			internet++
			closed = closed || !open
		}
		if i := slices.IndexFunc(grants, func(g jit.Grant) bool { return lets(g, path.Base(vm), addr, port) }); open && i >= 0 {
			g := grants[i]
			c.For = string(g.Request.By.ID)
			if _, to := span(g); !to.IsZero() {
				c.Until = to.UnixMilli()
			}
		}
		row = append(row, c)
	}
	for i := range row {
		row[i].Anyone = row[i].Open && internet > 0 && !closed
	}
	return row
}

// lets reports whether the grant is for this port of the VM from this address,
// and has not ended.
func lets(g jit.Grant, vm string, from netip.Addr, port int) bool {
	return slices.Contains([]jit.State{jit.Opening, jit.Open, jit.Closing}, g.State) && targets(g, vm) &&
		slices.ContainsFunc(g.Request.Ports, func(p jit.Ports) bool { return int(p.From) <= port && port <= int(p.To) }) &&
		slices.ContainsFunc(g.Request.Sources, func(s netip.Prefix) bool { return s.Contains(from) })
}
