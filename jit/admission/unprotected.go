package admission

import (
	"context"
	"fmt"
	"strings"

	"jitbot/jit"
	"jitbot/jit/protection"
	"jitbot/jit/route"
	"jitbot/jit/text"
)

// maxUnprotected is how many VMs a note names one by one.
const maxUnprotected = 5

// unprotected says which of the VMs nothing of ours keeps shut, and how they are
// protected.
func (c Checker) unprotected(ctx context.Context, vms []jit.VM) ([]string, error) {
	var notes []string
	var open []jit.VM
	for _, vm := range vms {
		p, err := c.Protection(ctx, vm.ID, vm.Name)
		if err != nil {
			return nil, err
		}
		if p.VM != "" && p.State != protection.Unprotecting {
			continue
		}
		policy, _ := c.Config.Policy(vm)
		switch _, err := route.ProtectionPaths(vm); {
		case err != nil:
			notes = append(notes, vm.Name+" is not protected. "+err.Error())
		case policy.Always:
			notes = append(notes, vm.Name+" is not protected, though the configuration says always; "+
				"the channel was told why, if that lasts longer than a minute.")
		default:
			open = append(open, vm)
		}
	}
	if len(open) > 0 {
		notes = append(notes, howToProtect(open))
	}
	return notes, nil
}

// howToProtect says of VMs that nothing of ours keeps shut how that is changed.
func howToProtect(vms []jit.VM) string {
	var names, words []string
	for _, vm := range vms[:min(len(vms), maxUnprotected)] {
		names, words = append(names, vm.Name), append(words, vm.Group+"/"+vm.Name)
	}
	who, command := strings.Join(names, ", "), strings.Join(words, ",")
	is, it := text.Plural(len(vms), "is", "are"), text.Plural(len(vms), "it", "them")
	if more := len(vms) - maxUnprotected; more > 0 {
		who, command = fmt.Sprintf("%s and %d more", who, more), "<vm>"
	}
	return fmt.Sprintf("%s %s not protected: nothing keeps %s shut but rules that are not jitbot's; "+
		"an admin can protect %s with /jit protect %s.", who, is, it, it, command)
}
