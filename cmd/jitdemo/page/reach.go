package page

import (
	"net/netip"
	"path"
	"strings"

	"jitbot/jit/azure/azuresim"
)

// reach is who gets to a machine: for each port, for each source.
type reach struct {
	VM         string   `json:"vm"`
	Group      string   `json:"group"`
	Note       string   `json:"note,omitempty"`       // "Win", "off"
	Protection string   `json:"protection,omitempty"` // "protected", "being protected"
	Cells      [][]cell `json:"cells"`
}

type cell struct {
	Open bool   `json:"open"`
	Why  string `json:"why"` // a line for each way
}

func (h *handler) reach(vm azuresim.VM, protection string) reach {
	out := reach{VM: path.Base(vm.ID), Group: strings.ToLower(groupOf(vm.ID)), Protection: protection, Cells: [][]cell{}}
	if vm.OS == "Windows" {
		out.Note = "Win"
	}
	if vm.Power != "" && vm.Power != "running" {
		out.Note = "off"
	}
	for _, port := range h.opt.Ports {
		row := []cell{}
		for _, s := range h.opt.Sources {
			addr, err := netip.ParseAddr(s.Address)
			if err != nil {
				row = append(row, cell{Why: "not an address: " + s.Address})
				continue
			}
			open, why := h.opt.Azure.Path(vm.ID, addr, port, "Tcp")
			row = append(row, cell{open, strings.Join(why, "\n")})
		}
		out.Cells = append(out.Cells, row)
	}
	return out
}
