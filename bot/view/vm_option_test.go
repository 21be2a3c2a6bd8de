package view_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/lookup"
)

// What tells machines apart is seen, however long their names are: the mark of
// production, the name, the ends of the group, and of twins the subscription.
func TestOptionsTellMachinesApart(t *testing.T) {
	const first, second = "11111111-2222-3333-4444-555555555555", "21111111-2222-3333-4444-555555555555"
	long := func(n int, end string) string { return strings.Repeat("long-", n)[:5*n-len(end)] + end }
	vm := func(sub, group, name, env string) jit.VM {
		return jit.VM{
			ID:   "/subscriptions/" + sub + "/resourceGroups/" + group + "/providers/Microsoft.Compute/virtualMachines/" + name,
			Name: name, Group: group, Tags: map[string]string{"env": env},
		}
	}
	all := []jit.VM{
		vm(first, "rg", "web-1", "dev"), vm(first, "rg", "web-2", "prod"), vm(second, "rg", "web-1", "dev"),
		vm(first, "rg", long(12, "-aa"), "dev"), vm(first, "rg", long(12, "-ab"), "dev"), vm(first, "rg", long(12, "-ac"), "prod"),
		vm(first, long(18, "-one"), "db-1", "prod"), vm(first, long(18, "-two"), "db-1", "prod"),
		vm(first, long(18, "-one"), long(12, "-aa"), "prod"), vm(second, long(18, "-one"), long(12, "-aa"), "prod"),
	}
	var answer struct {
		Options []struct {
			Text, Description struct{ Text string }
			Value             string
		}
	}
	raw, err := json.Marshal(view.VMOptions(choices(all...)))
	if err != nil || json.Unmarshal(raw, &answer) != nil || len(answer.Options) != len(all) {
		t.Fatalf("%v: %s", err, raw)
	}
	seen := map[string]bool{}
	for n, o := range answer.Options {
		shown := o.Text.Text + "|" + o.Description.Text
		if seen[shown] {
			t.Errorf("two look like %s", shown)
		}
		seen[shown] = true
		if prod := strings.HasPrefix(o.Text.Text, "PROD: "); prod != all[n].Production() {
			t.Errorf("%s has no mark, or a wrong one", shown)
		}
		if name := all[n].Name; !strings.Contains(o.Text.Text, name[:min(4, len(name))]) || !strings.Contains(o.Text.Text, name[len(name)-2:]) {
			t.Errorf("%s lacks the name %s", shown, name)
		}
		if group := all[n].Group; !strings.HasPrefix(o.Description.Text, group[:min(9, len(group))]) || !strings.Contains(o.Description.Text, group[len(group)-2:]) {
			t.Errorf("%s does not tell the group %s", shown, group)
		}
		for _, text := range []string{o.Text.Text, o.Description.Text} {
			if size := len([]rune(text)); size == 0 || size > 75 {
				t.Errorf("%q has %d letters", text, size)
			}
		}
	}
	if same := answer.Options[0].Text.Text; same == answer.Options[2].Text.Text {
		t.Errorf("once chosen, twins look alike: %s", same)
	}
}

// A form for many VMs says how many it does not name.
func TestProtectFormSaysWhatItDoesNotName(t *testing.T) {
	d := view.ProtectDraft{Words: []string{"tag:env=prod"}}
	for n := range 500 {
		d.VMs = append(d.VMs, fmt.Sprintf("PROD: web-%d in rg", n))
	}
	raw, err := json.Marshal(view.ProtectForm(d))
	if err != nil || !strings.Contains(string(raw), "500 VMs: PROD: web-0 in rg") || !strings.Contains(string(raw), " more\"") {
		t.Errorf("%v: %.4000s", err, raw)
	}
}

func choices(vms ...jit.VM) []lookup.Choice {
	var out []lookup.Choice
	for _, vm := range vms {
		out = append(out, lookup.Choice{VM: vm})
	}
	return out
}

// What speaks against a VM is said before it is chosen, and its group stays.
func TestOptionsSayWhatSpeaksAgainstAMachine(t *testing.T) {
	off, on := jit.VM{ID: "/vm/1", Name: "web-1", Group: "rg-prod", Power: "deallocated"}, jit.VM{ID: "/vm/2", Name: "web-2", Group: "rg-prod", Power: "running"}
	none := jit.VM{ID: "/vm/3", Name: "web-3", Group: strings.Repeat("g", 90)}
	raw, err := json.Marshal(view.VMOptions(append(choices(off, on), lookup.Choice{VM: none, Why: "no policy offers a port"})))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"it is off (deallocated); rg-prod"`, `"text":"rg-prod"`, `"cannot be asked for: no policy offers a port; gg`} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("%s is not in %s", want, raw)
		}
	}
}
