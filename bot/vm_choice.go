package bot

import (
	"context"
	"slices"

	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/resource"
)

// vmWords turns the values of options into what the service knows VMs by. A value
// that no option of ours could have is refused.
func (b *Bot) vmWords(ctx context.Context, by jit.UserID, chosen []view.VMChoice) ([]string, error) {
	if len(chosen) > view.MaxOptions {
		return nil, jit.Refuse(jit.ErrInput, "Choose fewer VMs at a time, a hundred at most.")
	}
	var hashed []jit.VM
	if slices.ContainsFunc(chosen, func(c view.VMChoice) bool { return view.HashedKey(c.Key) }) {
		var err error
		hashed, err = b.Service.Lookup(ctx, by, func(vm jit.VM) bool {
			return slices.ContainsFunc(chosen, func(c view.VMChoice) bool { return view.VMKey(vm, false) == c.Key })
		})
		if err != nil {
			return nil, err //nolint:wrapcheck // a refusal stays one
		}
	}
	out := make([]string, 0, len(chosen))
	for _, c := range chosen {
		word, ok := view.VMWord(c.Key, hashed)
		if !ok {
			return nil, notListed()
		}
		out = append(out, word)
	}
	return out, nil
}

func notListed() error { return jit.Refuse(jit.ErrInput, "Choose a VM from the list.") }

// vmChoices are VMs that were found by other names, as the menu names them.
func (b *Bot) vmChoices(ctx context.Context, by jit.UserID, vms []jit.VM) []view.VMChoice {
	out := make([]view.VMChoice, 0, len(vms))
	for _, vm := range vms {
		same, err := b.Service.Offer(ctx, by, []string{vm.Group + "/" + vm.Name})
		unique := err == nil && len(same.VMs) == 1 && resource.Same(same.VMs[0].ID, vm.ID)
		out = append(out, view.ChoiceOf(vm, unique))
	}
	return out
}
