package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strings"

	"jitbot/jit"
)

// vmKey names a VM in the value of an option, which is shorter than resource
// ids are: group/name, or a hash of the id where that is too long or means
// several.
func vmKey(vm jit.VM, unique bool) string {
	if key := vm.Group + "/" + vm.Name; unique && len(key) <= maxOptionText {
		return key
	}
	return hashKey(vm)
}

func hashKey(vm jit.VM) string {
	sum := sha256.Sum256([]byte(strings.ToLower(vm.ID)))
	return "#" + hex.EncodeToString(sum[:16])
}

// words turns the values of options into what the service knows VMs by. A value
// that no option of ours could have is refused.
func (b *Bot) words(ctx context.Context, by jit.UserID, chosen []Choice) ([]string, error) {
	if len(chosen) > maxOptions {
		return nil, jit.Refuse(jit.ErrInput, "Choose fewer VMs at a time, a hundred at most.")
	}
	hashed := slices.ContainsFunc(chosen, func(c Choice) bool { return strings.HasPrefix(c.Key, "#") })
	var all []jit.VM
	if hashed {
		var err error
		if all, err = b.Service.Search(ctx, by, "", math.MaxInt); err != nil {
			return nil, err
		}
	}
	out := make([]string, 0, len(chosen))
	for _, c := range chosen {
		word, ok := wordOf(c.Key, all)
		if !ok {
			return nil, notInList()
		}
		out = append(out, word)
	}
	return out, nil
}

// wordOf is what the service knows the VM of an option's value by.
func wordOf(key string, all []jit.VM) (string, bool) {
	if len(key) > maxOptionText {
		return "", false
	}
	if !strings.HasPrefix(key, "#") {
		group, name, ok := strings.Cut(key, "/")
		return key, ok && group != "" && name != "" && !strings.ContainsAny(name, "/=") && !strings.HasPrefix(strings.ToLower(group), "tag:")
	}
	for _, vm := range all {
		if hashKey(vm) == key {
			return vm.ID, true
		}
	}
	return "", false
}

func notInList() error { return jit.Refuse(jit.ErrInput, "Choose a VM from the list.") }

// choices are VMs that were found by other names, as the menu names them.
func (b *Bot) choices(ctx context.Context, by jit.UserID, vms []jit.VM) []Choice {
	out := make([]Choice, 0, len(vms))
	for _, vm := range vms {
		same, err := b.Service.Offer(ctx, by, []string{vm.Group + "/" + vm.Name})
		unique := err == nil && len(same.VMs) == 1 && jit.SameID(same.VMs[0].ID, vm.ID)
		out = append(out, Choice{Key: vmKey(vm, unique), Text: vmText(vm)})
	}
	return out
}
