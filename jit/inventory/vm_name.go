package inventory

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/resource"
)

// Sees reports whether whoever asks may be shown a VM; an error says that it
// cannot be told just now.
type Sees func(vm jit.VM) (bool, error)

// all shows every VM.
func all(jit.VM) (bool, error) { return true, nil }

// Find resolves what people type: a name, group/name where names clash, or
// tag:key=value for many. Only what sees allows is found and named: a VM that may
// not be shown is answered like one that is not there. nil shows all.
func (c *VMCache) Find(ctx context.Context, words []string, sees Sees) ([]jit.VM, error) {
	if len(words) == 0 {
		return nil, jit.Refuse(jit.ErrInput, "Say which VM: /jit request <vm> [ports] [duration] [from <address>] for <reason>.")
	}
	if sees == nil {
		sees = all
	}
	vms, err := c.ListOrStale(ctx, VMsMaxAge)
	if err != nil {
		return nil, err
	}
	found, err := sees.resolveAll(vms, words)
	if !errors.As(err, new(*jit.Refusal)) {
		return found, err
	}
	fresh, freshErr := c.ListOrStale(ctx, unknownRetry)
	if freshErr != nil {
		return nil, err
	}
	found, err = sees.resolveAll(fresh, words)
	if hidden := c.unlisted(); len(hidden) > 0 && errors.Is(err, jit.ErrNotFound) {
		return nil, jit.Refuse(jit.ErrBusy, "%s It may be in subscription %s, which Azure does not show just now; "+
			"VMs of other subscriptions can be asked for.", err.Error(), strings.Join(hidden, ", "))
	}
	return found, err
}

// Resolve is Find among VMs that whoever asks has listed, and shows all.
func Resolve(vms []jit.VM, words []string) ([]jit.VM, error) { return Sees(all).resolveAll(vms, words) }

func (sees Sees) resolveAll(vms []jit.VM, words []string) ([]jit.VM, error) {
	var out []jit.VM
	for _, word := range words {
		found, err := sees.resolve(vms, word)
		if err != nil {
			return nil, err
		}
		for _, vm := range found {
			if !slices.ContainsFunc(out, func(o jit.VM) bool { return resource.Same(o.ID, vm.ID) }) {
				out = append(out, vm)
			}
		}
	}
	return out, nil
}

func (sees Sees) resolve(vms []jit.VM, word string) ([]jit.VM, error) {
	if tag, ok := strings.CutPrefix(strings.ToLower(word), "tag:"); ok && strings.Contains(tag, "=") {
		return sees.resolveTag(vms, word[len("tag:"):])
	}
	found, err := sees.among(vms, func(vm jit.VM) bool {
		return strings.EqualFold(word, vm.Name) || strings.EqualFold(word, vm.Group+"/"+vm.Name) || resource.Same(word, vm.ID)
	})
	if err != nil {
		return nil, err
	}
	switch {
	case len(found) == 1:
		return found, nil
	case len(found) == 0:
		return nil, sees.unknownVM(vms, word)
	default:
		var names []string
		for _, vm := range found {
			names = append(names, vm.Group+"/"+vm.Name)
		}
		slices.Sort(names)
		return nil, jit.Refuse(jit.ErrInput, "There is more than one VM called %s; say which: %s.", word, strings.Join(names, ", "))
	}
}

// among are the VMs that fit and may be shown.
func (sees Sees) among(vms []jit.VM, fits func(jit.VM) bool) ([]jit.VM, error) {
	var out []jit.VM
	for _, vm := range vms {
		if !fits(vm) {
			continue
		}
		seen, err := sees(vm)
		if err != nil {
			return nil, err
		}
		if seen {
			out = append(out, vm)
		}
	}
	return out, nil
}

func (sees Sees) resolveTag(vms []jit.VM, word string) ([]jit.VM, error) {
	key, value, _ := strings.Cut(word, "=")
	found, err := sees.among(vms, func(vm jit.VM) bool {
		got, ok := vm.Tag(key)
		return ok && got == value
	})
	if err == nil && len(found) == 0 {
		return nil, jit.Refuse(jit.ErrInput, "No VM that you may see has the tag %s; check its name and value.", word)
	}
	return found, err
}

const (
	nearest      = 3  // names offered for one that is unknown
	maxNearAsked = 12 // VMs of near names about which it is asked whether they may be shown
)

func (sees Sees) unknownVM(vms []jit.VM, word string) error {
	type near struct {
		vm       jit.VM
		distance int
	}
	var all []near
	for _, vm := range vms {
		d := Distance(strings.ToLower(word), strings.ToLower(vm.Name))
		if d <= max(2, len(vm.Name)/2) || strings.Contains(strings.ToLower(vm.Name), strings.ToLower(word)) {
			all = append(all, near{vm, d})
		}
	}
	slices.SortFunc(all, func(a, b near) int {
		return cmp.Or(a.distance-b.distance, strings.Compare(a.vm.Name, b.vm.Name))
	})
	var names []string
	for _, n := range all[:min(maxNearAsked, len(all))] {
		if len(names) == nearest || slices.Contains(names, n.vm.Name) {
			continue
		}
		seen, err := sees(n.vm)
		if err != nil {
			return err
		}
		if seen {
			names = append(names, n.vm.Name)
		}
	}
	if len(names) == 0 {
		return jit.Refuse(jit.ErrNotFound, "There is no VM called %s that you may see; "+
			"check the name, or ask an admin whether you and jitbot may read it in Azure.", word)
	}
	return jit.Refuse(jit.ErrNotFound, "There is no VM called %s that you may see; did you mean %s?", word, strings.Join(names, ", "))
}

// Distance is how many letters must be added, dropped, changed or swapped with
// their neighbour to make one word of the other (optimal string alignment).
func Distance(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
