package admission

import (
	"context"
	"errors"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/resource"
)

// Find resolves what people type: a name, group/name where names clash, or
// tag:key=value for many.
func (c *VMCache) Find(ctx context.Context, words []string) ([]jit.VM, error) {
	if len(words) == 0 {
		return nil, jit.Refuse(jit.ErrInput, "Say which VM: /jit request <vm> [ports] [duration] [from <address>] for <reason>.")
	}
	vms, err := c.ListOrStale(ctx, VMsMaxAge)
	if err != nil {
		return nil, err
	}
	found, err := resolveAll(vms, words)
	if err == nil {
		return found, nil
	}
	fresh, freshErr := c.ListOrStale(ctx, unknownRetry)
	if freshErr != nil {
		return nil, err
	}
	found, err = resolveAll(fresh, words)
	if hidden := c.unlisted(); err != nil && len(hidden) > 0 && errors.Is(err, jit.ErrNotFound) {
		return nil, jit.Refuse(jit.ErrBusy, "%s It may be in subscription %s, which Azure does not show just now; "+
			"VMs of other subscriptions can be asked for.", err.Error(), strings.Join(hidden, ", "))
	}
	return found, err
}

func resolveAll(vms []jit.VM, words []string) ([]jit.VM, error) {
	var out []jit.VM
	for _, word := range words {
		found, err := resolve(vms, word)
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

func resolve(vms []jit.VM, word string) ([]jit.VM, error) {
	if tag, ok := strings.CutPrefix(strings.ToLower(word), "tag:"); ok && strings.Contains(tag, "=") {
		return resolveTag(vms, word[len("tag:"):])
	}
	var found, classic []jit.VM
	for _, vm := range vms {
		switch {
		case !strings.EqualFold(word, vm.Name) && !strings.EqualFold(word, vm.Group+"/"+vm.Name) && !resource.Same(word, vm.ID):
		case vm.Classic:
			classic = append(classic, vm)
		default:
			found = append(found, vm)
		}
	}
	switch {
	case len(found) == 1:
		return found, nil
	case len(found) == 0 && len(classic) > 0:
		return nil, RefuseClassic(classic[0])
	case len(found) == 0:
		return nil, unknownVM(NotClassic(vms), word)
	default:
		var names []string
		for _, vm := range found {
			names = append(names, vm.Group+"/"+vm.Name)
		}
		slices.Sort(names)
		return nil, jit.Refuse(jit.ErrInput, "There is more than one VM called %s; say which: %s.", word, strings.Join(names, ", "))
	}
}

func resolveTag(vms []jit.VM, word string) ([]jit.VM, error) {
	key, value, _ := strings.Cut(word, "=")
	var found []jit.VM
	for _, vm := range NotClassic(vms) {
		if got, ok := vm.Tag(key); ok && got == value {
			found = append(found, vm)
		}
	}
	if len(found) == 0 {
		return nil, jit.Refuse(jit.ErrInput, "No VM has the tag %s; check its name and value.", word)
	}
	return found, nil
}

const nearest = 3 // names offered for one that is unknown

func unknownVM(vms []jit.VM, word string) error {
	type near struct {
		name     string
		distance int
	}
	var names []near
	for _, vm := range vms {
		d := Distance(strings.ToLower(word), strings.ToLower(vm.Name))
		if d <= max(2, len(vm.Name)/2) || strings.Contains(strings.ToLower(vm.Name), strings.ToLower(word)) {
			names = append(names, near{vm.Name, d})
		}
	}
	slices.SortFunc(names, func(a, b near) int {
		if a.distance != b.distance {
			return a.distance - b.distance
		}
		return strings.Compare(a.name, b.name)
	})
	names = slices.Compact(names)
	var close []string
	for _, n := range names[:min(nearest, len(names))] {
		close = append(close, n.name)
	}
	if len(close) == 0 {
		return jit.Refuse(jit.ErrNotFound, "There is no VM called %s; check the name, or ask an admin whether jitbot may see it.", word)
	}
	return jit.Refuse(jit.ErrNotFound, "There is no VM called %s; did you mean %s?", word, strings.Join(close, ", "))
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
