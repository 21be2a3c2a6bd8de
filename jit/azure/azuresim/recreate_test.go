package azuresim_test

import (
	"testing"

	"jitbot/jit/azure/azuresim"
)

func TestRecreateVM(t *testing.T) {
	w := newWorld(t)
	vmID := func() any { return w.ask("GET", azuresim.DemoWeb1, "").body.Properties["vmId"] }
	before, _ := w.Machine(azuresim.DemoWeb1)
	first := vmID()
	w.PutVM(before) // a change is not another machine
	if vmID() != first {
		t.Error("another machine")
	}
	second, err := w.RecreateVM(azuresim.DemoWeb1)
	if err != nil || second == first || vmID() != second {
		t.Errorf("%s, %s, %s, %v", first, second, vmID(), err)
	}
	nic := before.NICs[0]
	owner := func() any { return w.ask("GET", nic, "").body.Properties["virtualMachine"] }
	if o, attached := owner().(map[string]any); !attached || o["id"] != azuresim.DemoWeb1 {
		t.Errorf("owner %v", o)
	}
	w.DeleteVM(azuresim.DemoWeb1)
	if w.ask("GET", nic, "").status != 200 || owner() != nil {
		t.Error("the interface outlives its machine, without an owner")
	}
	w.PutVM(before)
	if third := vmID(); third == first || third == second {
		t.Error("an old machine")
	}
	w.PutVM(azuresim.VM{ID: azuresim.DemoWeb1, VMID: "0b5e0000-0000-4000-8000-000000000001", NICs: before.NICs})
	if vmID() != "0b5e0000-0000-4000-8000-000000000001" {
		t.Error(vmID())
	}
	guid := w.ask("GET", nic, "").body.Properties["resourceGuid"]
	kept, _ := w.NIC(nic)
	w.DeleteNIC(nic)
	w.PutNIC(kept)
	if got := w.ask("GET", nic, "").body.Properties["resourceGuid"]; got == guid {
		t.Error("the same interface")
	}
	if _, err := w.RecreateVM("/nothing"); err == nil {
		t.Error("made out of nothing")
	}
}
