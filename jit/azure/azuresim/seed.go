package azuresim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// PutSubscription adds or replaces a subscription.
func (s *Sim) PutSubscription(v Subscription) { put(s, s.subscriptions, key(v.ID), v) }

// PutResourceGroup adds or replaces a resource group.
func (s *Sim) PutResourceGroup(v ResourceGroup) {
	put(s, s.groups, key("/subscriptions/"+v.Subscription+"/resourceGroups/"+v.Name), v)
}

// PutVM adds or replaces a virtual machine.
func (s *Sim) PutVM(v VM) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleMoves(time.Now())
	if v.VMID == "" {
		v.VMID = s.newborn(v.ID, s.vms[key(v.ID)].VMID)
	}
	s.vms[key(v.ID)], s.index = v, nil
}

// PutNIC adds or replaces a network interface.
func (s *Sim) PutNIC(v NIC) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleMoves(time.Now())
	if v.GUID == "" {
		v.GUID = s.newborn(v.ID, s.nics[key(v.ID)].GUID)
	}
	s.nics[key(v.ID)], s.index = v, nil
}

// PutVNet adds or replaces a virtual network with its subnets.
func (s *Sim) PutVNet(v VNet) { put(s, s.vnets, key(v.ID), v) }

// PutPublicIP adds or replaces a public address.
func (s *Sim) PutPublicIP(v PublicIP) { put(s, s.publicIPs, key(v.ID), v) }

// PutUser adds or replaces a user.
func (s *Sim) PutUser(v User) { put(s, s.users, key(v.ID), v) }

// PutGroup adds or replaces a group with its members.
func (s *Sim) PutGroup(v Group) { put(s, s.teams, key(v.ID), v) }

// PutRoleDefinition adds or replaces a role.
func (s *Sim) PutRoleDefinition(v RoleDefinition) { put(s, s.roles, key(v.ID), v) }

func put[V any](s *Sim, m map[string]V, k string, v V) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleMoves(time.Now())
	m[k], s.index = v, nil
}

// DeleteVM removes a virtual machine; its interfaces stay, as in Azure.
func (s *Sim) DeleteVM(id string) { removeBorn(s, s.vms, id) }

// DeleteNIC removes a network interface.
func (s *Sim) DeleteNIC(id string) { removeBorn(s, s.nics, id) }

// DeleteVNet removes a virtual network.
func (s *Sim) DeleteVNet(id string) { remove(s, s.vnets, id) }

// DeleteNSG removes a network security group at once, as somebody else would;
// what refers to it is left as it is.
func (s *Sim) DeleteNSG(id string) { remove(s, s.nsgs, id) }

// DeleteUser removes a user.
func (s *Sim) DeleteUser(id string) { remove(s, s.users, id) }

// DeleteRoleDefinition removes a role.
func (s *Sim) DeleteRoleDefinition(id string) { remove(s, s.roles, id) }

func remove[V any](s *Sim, m map[string]V, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleMoves(time.Now())
	delete(m, key(id))
	s.index = nil
}

// removeBorn is remove for what has a GUID of its own.
func removeBorn[V any](s *Sim, m map[string]V, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleMoves(time.Now())
	if _, there := m[key(id)]; there {
		s.deleted[key(id)]++
	}
	delete(m, key(id))
	s.index = nil
}

// SetPower changes a VM's power state (running, deallocated, ...).
func (s *Sim) SetPower(vmID, power string) error {
	return change(s, s.vms, vmID, func(v *VM) { v.Power = power })
}

// SetTags replaces a VM's tags.
func (s *Sim) SetTags(vmID string, tags map[string]string) error {
	return change(s, s.vms, vmID, func(v *VM) { v.Tags = tags })
}

// SetNSGOnNIC attaches a network security group to an interface; an empty id
// detaches.
func (s *Sim) SetNSGOnNIC(nicID, nsgID string) error {
	return change(s, s.nics, nicID, func(v *NIC) { v.NSG = nsgID })
}

// SetAddress changes the private address of an interface's configuration, as
// a start after a deallocation may.
func (s *Sim) SetAddress(nicID, config, address string) error {
	found := false
	err := change(s, s.nics, nicID, func(v *NIC) {
		v.IPs = slices.Clone(v.IPs)
		for i := range v.IPs {
			if strings.EqualFold(v.IPs[i].Name, config) {
				v.IPs[i].Address, found = address, true
			}
		}
	})
	if err == nil && !found {
		err = fmt.Errorf("no ip configuration %s in %s", config, nicID)
	}
	return err
}

// SetNSGOnSubnet attaches a network security group to the subnet of that id;
// an empty nsgID detaches.
func (s *Sim) SetNSGOnSubnet(subnetID, nsgID string) error {
	vnet, name, ok := strings.Cut(key(subnetID), "/subnets/")
	if !ok {
		return fmt.Errorf("%s is not a subnet's id", subnetID)
	}
	found := false
	err := change(s, s.vnets, vnet, func(v *VNet) {
		v.Subnets = slices.Clone(v.Subnets)
		for i := range v.Subnets {
			if strings.EqualFold(v.Subnets[i].Name, name) {
				v.Subnets[i].NSG, found = nsgID, true
			}
		}
	})
	if err == nil && !found {
		err = fmt.Errorf("no subnet %s", subnetID)
	}
	return err
}

// SetMembers replaces the members of a group.
func (s *Sim) SetMembers(groupID string, members ...string) error {
	return change(s, s.teams, groupID, func(v *Group) { v.Members = members })
}

// SetDisabled blocks or unblocks a user's account.
func (s *Sim) SetDisabled(userID string, disabled bool) error {
	return change(s, s.users, userID, func(v *User) { v.Disabled = disabled })
}

func change[V any](s *Sim, m map[string]V, id string, edit func(*V)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleMoves(time.Now())
	v, ok := m[key(id)]
	if !ok {
		return fmt.Errorf("no %s in the simulated world", id)
	}
	edit(&v)
	m[key(id)], s.index = v, nil
	return nil
}

// Assign gives a role to a principal and returns the assignment's name. An
// assignment of the same name is replaced.
func (s *Sim) Assign(a RoleAssignment) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.Name == "" {
		a.Name = s.newGUID()
	}
	s.assignments = slices.DeleteFunc(s.assignments, func(o RoleAssignment) bool { return key(o.Name) == key(a.Name) })
	s.assignments = append(s.assignments, a)
	return a.Name
}

// Unassign removes the role assignment of that name.
func (s *Sim) Unassign(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.assignments = slices.DeleteFunc(s.assignments, func(o RoleAssignment) bool { return key(o.Name) == key(name) })
}

// Deny adds a deny assignment and returns its id.
func (s *Sim) Deny(d DenyAssignment) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.ID == "" {
		d.ID = s.newGUID()
	}
	s.denials = append(s.denials, d)
	return d.ID
}

// Undeny removes the deny assignment of that id.
func (s *Sim) Undeny(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denials = slices.DeleteFunc(s.denials, func(d DenyAssignment) bool { return key(d.ID) == key(id) })
}

// AddLock locks a scope.
func (s *Sim) AddLock(l Lock) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.locks = append(s.locks, l)
}

// RemoveLock removes the lock of that name at that scope.
func (s *Sim) RemoveLock(scope, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.locks = slices.DeleteFunc(s.locks, func(l Lock) bool {
		return key(l.Scope) == key(scope) && strings.EqualFold(l.Name, name)
	})
}

// PutNSG adds a network security group, or replaces one with all its rules, in
// effect at once. The rules are validated as a request's are.
func (s *Sim) PutNSG(v NSG) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	return s.seedNSG(v)
}

func (s *Sim) seedNSG(v NSG) error {
	rules := slices.Clone(v.Rules)
	if problem := checkRules(v.ID, rules); problem != nil {
		return problem
	}
	g := s.nsgs[key(v.ID)]
	if g == nil {
		g = &guard{id: v.ID, guid: s.newGUID()}
		s.nsgs[key(v.ID)] = g
	}
	g.location, g.tags, g.flush = v.Location, v.Tags, v.FlushConnection
	g.replace(rules, succeeded)
	g.enforce()
	g.etag, g.state = s.newGUID(), succeeded
	return nil
}

// PutRule writes one rule as a foreign writer would: in effect at once,
// validated, cancelling a running operation on the same rule.
func (s *Sim) PutRule(nsgID string, r Rule) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	g := s.nsgs[key(nsgID)]
	if g == nil {
		return fmt.Errorf("no %s in the simulated world", nsgID)
	}
	if problem := g.check(&r); problem != nil {
		return problem
	}
	g.set(r, succeeded)
	g.enforceRule(key(r.Name))
	g.etag = s.newGUID()
	return nil
}

// DeleteRule removes one rule as a foreign writer would, at once. Removing
// what is not there is fine.
func (s *Sim) DeleteRule(nsgID, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	g := s.nsgs[key(nsgID)]
	if g == nil {
		return fmt.Errorf("no %s in the simulated world", nsgID)
	}
	delete(g.rules, key(name))
	g.enforceRule(key(name))
	g.etag = s.newGUID()
	return nil
}
