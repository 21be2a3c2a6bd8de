package jit

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"jitbot/jit/resource"
)

// Target is a VM of a request, as it was when asked.
type Target struct {
	VM         string `json:"vm"`              // resource id
	VMID       string `json:"vm_id,omitempty"` // of the machine that it was; empty in records from before it was kept
	Name       string `json:"name"`
	Group      string `json:"group"`
	Production bool   `json:"production,omitempty"`
	Tagged     bool   `json:"tagged,omitempty"` // found by a tag: it is left out where it may not be asked for
}

// LeftOut is a VM that a tag names and that may not be asked for, as it was when asked.
type LeftOut struct {
	VM   string `json:"vm"` // resource id
	Name string `json:"name"`
	Why  string `json:"why"`
}

// Replaced reports whether the VM, which has the id of the target, is another
// machine: that one was deleted, and this one created under its name.
func (t Target) Replaced(vm VM) bool { return t.VMID != "" && !strings.EqualFold(t.VMID, vm.VMID) }

// Identified is the grant with the machine as which the VM was first seen kept in a
// record that does not say.
func (g Grant) Identified(vm VM) Grant {
	i := slices.IndexFunc(g.Request.Targets, func(t Target) bool { return t.VMID == "" && resource.Same(t.VM, vm.ID) })
	if i < 0 || vm.VMID == "" {
		return g
	}
	g = g.changed()
	g.Request.Targets = slices.Clone(g.Request.Targets)
	g.Request.Targets[i].VMID = vm.VMID
	return g
}

// Request is what was asked. It never changes, but that approvers may allow less of it,
// and that a record from before VMIDs were kept is given them.
type Request struct {
	By       Person         `json:"by"`
	Targets  []Target       `json:"targets"`
	Ports    []Ports        `json:"ports"`
	Sources  []netip.Prefix `json:"sources"`
	Duration time.Duration  `json:"duration"`
	Reason   string         `json:"reason"`
	At       time.Time      `json:"at"`
	Key      string         `json:"key,omitempty"`  // of the delivery that asked: one delivery, one grant
	Here     bool           `json:"here,omitempty"` // what the check came to is answered where it was asked
	LeftOut  []LeftOut      `json:"left_out,omitempty"`
	Asked    Extent         `json:"asked,omitzero"` // where approvers allowed less: how much was asked for
}

// Without is the request without what is refused, where a tag alone named that and others
// are left; else false.
func (r Request) Without(no *Refusal) (Request, bool) {
	refused := func(t Target) bool {
		return slices.ContainsFunc(no.VMs, func(id string) bool { return resource.Same(id, t.VM) })
	}
	named := func(t Target) bool { return refused(t) && !t.Tagged }
	rest := slices.DeleteFunc(slices.Clone(r.Targets), refused)
	if len(rest) == 0 || len(rest) == len(r.Targets) || slices.ContainsFunc(r.Targets, named) {
		return r, false
	}
	r.LeftOut = slices.Clone(r.LeftOut)
	for _, t := range r.Targets {
		if refused(t) {
			why := no.Of(t.VM).Error()
			if errors.Is(no.Of(t.VM), ErrRights) {
				why = "no role of yours allows it"
			}
			r.LeftOut = append(r.LeftOut, LeftOut{VM: t.VM, Name: t.Name, Why: why})
		}
	}
	r.Targets = rest
	return r, true
}
