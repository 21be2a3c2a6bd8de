package command

import (
	"strings"

	"jitbot/jit"
)

// CheckVM accepts what may name VMs: name, group/name and tag:key=value. Else it
// is a *jit.Refusal.
func CheckVM(name string) error {
	if tag, ok := strings.CutPrefix(strings.ToLower(name), "tag:"); ok {
		if key, _, ok := strings.Cut(tag, "="); !ok || key == "" {
			return jit.Refuse(jit.ErrInput, "%s names no tag; write tag:key=value.", name)
		}
		return nil
	}
	group, vm, split := strings.Cut(name, "/")
	if split && (group == "" || vm == "" || strings.Contains(vm, "/")) {
		return jit.Refuse(jit.ErrInput, "%s names no VM; write its name, or group/name.", name)
	}
	return nil
}
