package jit

import (
	"slices"
	"strings"
)

// Finding is a VM of a scan.
type Finding struct {
	VM      VM
	Posture Posture
	Admin   bool // the reader is one, and may ask to have it protected
}

// Rank puts what needs somebody's hand first.
func (c Class) Rank() int {
	return slices.Index([]Class{ClassUnhealthy, ClassNotApplicable, ClassHealthy}, c)
}

// GuardsOfVM are the NSGs before the VM, each once, in lower case.
func GuardsOfVM(vm VM) []string {
	var out []string
	for _, nic := range vm.Interfaces {
		out = append(out, strings.ToLower(nic.Guard))
		for _, a := range nic.Addresses {
			out = append(out, strings.ToLower(a.SubnetGuard))
		}
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(g string) bool { return g == "" })
}

func TablesOf(vm VM, byGuard map[string]Table) []Table {
	var out []Table
	for _, guard := range GuardsOfVM(vm) {
		if t, ok := byGuard[guard]; ok {
			out = append(out, t)
		}
	}
	return out
}
