package azuresim

import (
	"cmp"
	"fmt"
	"strconv"
	"time"
)

// RecreateVM deletes a machine and creates it again under the same name, on
// the same interfaces, and gives its vmId, which is another one than before.
func (s *Sim) RecreateVM(id string) (vmID string, err error) {
	v, found := s.Machine(id)
	if !found {
		return "", fmt.Errorf("no %s in the simulated world", id)
	}
	s.DeleteVM(id)
	v.VMID = ""
	s.PutVM(v)
	v, _ = s.Machine(id)
	return vmGUID(v), nil
}

// Machine gives one virtual machine.
func (s *Sim) Machine(id string) (VM, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleMoves(time.Now())
	v, found := s.vms[key(id)]
	return v, found
}

// vmGUID is the vmId of a machine.
func vmGUID(v VM) string { return cmp.Or(v.VMID, guidOf(key(v.ID))) }

// nicGUID is the resourceGuid of an interface.
func nicGUID(v NIC) string { return cmp.Or(v.GUID, guidOf(key(v.ID))) }

// newborn is the GUID of a machine or an interface: that of the one it
// replaces, else another one for each that had the id before. Empty: the first
// one's, which is worked out. The lock is held.
func (s *Sim) newborn(id, replaced string) string {
	if n := s.deleted[key(id)]; replaced == "" && n > 0 {
		return guidOf(key(id) + " " + strconv.Itoa(n))
	}
	return replaced
}
