package access

import (
	"context"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/resource"
)

// leaveOut keeps, of the VMs that a request names, those that may be asked for as far as
// the configuration tells, and says in r which it leaves out: what a tag alone names may
// be, and what is named must be asked for. tagged are the ids that a tag alone names.
func (s *Service) leaveOut(
	ctx context.Context, by jit.UserID, vms []jit.VM, a jit.Ask, r *jit.Request,
) (kept []jit.VM, tagged map[string]bool, err error) {
	if !slices.ContainsFunc(a.VMs, isTag) {
		return vms, nil, nil
	}
	var named []jit.VM
	if names := slices.DeleteFunc(slices.Clone(a.VMs), isTag); len(names) > 0 {
		if named, err = s.askedVMs(ctx, by, names); err != nil {
			return nil, nil, err
		}
	}
	tagged = map[string]bool{}
	for _, vm := range vms {
		tagged[vm.ID] = !slices.ContainsFunc(named, func(n jit.VM) bool { return resource.Same(n.ID, vm.ID) })
		why, err := s.notOffered(ctx, vm, a.Ports)
		if err != nil {
			return nil, nil, err
		}
		if why == "" || !tagged[vm.ID] {
			kept = append(kept, vm)
			continue
		}
		r.LeftOut = append(r.LeftOut, jit.LeftOut{VM: vm.ID, Name: vm.Name, Why: why})
	}
	if len(kept) == 0 {
		return nil, nil, jit.Refuse(jit.ErrPolicy, "Nothing that %s names may be asked for: of %s, %s.",
			strings.Join(a.VMs, " "), r.LeftOut[0].Name, jit.Whole(r.LeftOut[0].Why))
	}
	return kept, tagged, nil
}

// notOffered says, in a few words, why the ports of a VM may not be asked for; empty when
// they may be, as far as the configuration tells.
func (s *Service) notOffered(ctx context.Context, vm jit.VM, ports []jit.Ports) (string, error) {
	why, err := s.Unaskable(ctx, vm)
	if err != nil || why != "" {
		return why, err
	}
	policy, _, err := s.checks.Policy(ctx, vm)
	for _, p := range ports {
		if _, _, offered := policy.Find(p); err == nil && !offered {
			return "its policy does not offer port " + p.Span(), nil
		}
	}
	return "", err
}

func isTag(word string) bool { return strings.HasPrefix(strings.ToLower(word), "tag:") }
