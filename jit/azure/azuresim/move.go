package azuresim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Move is a move of a resource to another resource group, as by
// "az resource move".
type Move struct {
	// ID is a network security group, an interface or a machine.
	ID string
	// Group is the id of the resource group that it moves to, also one of
	// another subscription.
	Group string
	// Takes is how long the move goes on: writes in both groups are answered
	// 409 meanwhile, for up to four hours in Azure; reads are as usual.
	Takes time.Duration
	// Early gives the resource its new id at the start; otherwise at the end.
	Early bool
}

// move is a Move that goes on.
type move struct {
	from, to       string
	source, target string
	until          time.Time
	done           bool
}

// MoveResource begins a move and gives the id that the resource has after it.
// Then the old one is unknown, and whatever names the resource has the new
// one; its rules, its GUIDs and what it filters stay. As in Azure a group that
// is being written cannot be moved, and locks and role assignments at the
// resource itself stay at the old id.
func (s *Sim) MoveResource(m Move) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.settle(now)
	before, rest, ok := strings.Cut(m.ID, "/providers/")
	if !ok {
		return "", fmt.Errorf("%s is not a resource's id", m.ID)
	}
	if _, exists := s.groups[key(m.Group)]; !exists {
		return "", fmt.Errorf("no %s in the simulated world", m.Group)
	}
	g := &move{
		from: m.ID, to: strings.TrimRight(m.Group, "/") + "/providers/" + rest, source: key(before), target: key(m.Group),
		until: now.Add(m.Takes),
	}
	if err := s.movable(g); err != nil {
		return "", err
	}
	s.moves = append(s.moves, g)
	if m.Early {
		s.carryOut(g)
	}
	s.settleMoves(now)
	return g.to, nil
}

// movable says why a move cannot begin.
func (s *Sim) movable(m *move) error {
	from, to := key(m.from), key(m.to)
	nsg := s.nsgs[from]
	if !s.taken(from) {
		return fmt.Errorf("no machine, interface or network security group %s in the simulated world", m.from)
	}
	if s.taken(to) {
		return fmt.Errorf("%s is taken", m.to)
	}
	if nsg != nil && nsg.state != succeeded {
		return fmt.Errorf("MoveCannotProceedWithResourcesNotInSucceededState: %s is %s", m.from, nsg.state)
	}
	return nil
}

// taken says whether one of the resources that can be moved has the id, by key.
func (s *Sim) taken(id string) bool {
	_, vm := s.vms[id]
	_, nic := s.nics[id]
	return vm || nic || s.nsgs[id] != nil
}

// settleMoves ends the moves that are due.
func (s *Sim) settleMoves(now time.Time) {
	s.moves = slices.DeleteFunc(s.moves, func(m *move) bool {
		if m.until.After(now) {
			return false
		}
		s.carryOut(m)
		return true
	})
}

// carryOut gives the resource its new id, once.
func (s *Sim) carryOut(m *move) {
	if m.done {
		return
	}
	m.done, s.index = true, nil
	from, to := key(m.from), key(m.to)
	if g := s.nsgs[from]; g != nil {
		s.moveGuard(g, from, m.to)
	}
	if v, there := s.nics[from]; there {
		s.moveNIC(v, from, m.to)
	}
	if v, there := s.vms[from]; there {
		v.VMID, v.ID = vmGUID(v), m.to
		delete(s.vms, from)
		s.vms[to] = v
		s.deleted[from]++
	}
}

func (s *Sim) moveGuard(g *guard, from, to string) {
	delete(s.nsgs, from)
	g.id = to
	s.nsgs[key(to)] = g
	for k, v := range s.nics {
		if key(v.NSG) == from {
			v.NSG = to
			s.nics[k] = v
		}
	}
	for k, v := range s.vnets {
		v.Subnets = slices.Clone(v.Subnets)
		for i := range v.Subnets {
			if key(v.Subnets[i].NSG) == from {
				v.Subnets[i].NSG = to
			}
		}
		s.vnets[k] = v
	}
	for _, op := range s.running {
		if op.nsg == from {
			op.nsg = key(to)
		}
	}
}

func (s *Sim) moveNIC(v NIC, from, to string) {
	v.GUID, v.ID = nicGUID(v), to
	delete(s.nics, from)
	s.nics[key(to)] = v
	s.deleted[from]++
	for k, vm := range s.vms {
		vm.NICs = renamed(vm.NICs, from, to)
		s.vms[k] = vm
	}
	for k, lb := range s.edge.balancers {
		lb.Pools, lb.NATRules = slices.Clone(lb.Pools), slices.Clone(lb.NATRules)
		for i := range lb.Pools {
			lb.Pools[i].IPConfigs = renamed(lb.Pools[i].IPConfigs, from, to)
		}
		for i := range lb.NATRules {
			lb.NATRules[i].IPConfig = renamed([]string{lb.NATRules[i].IPConfig}, from, to)[0]
		}
		s.edge.balancers[k] = lb
	}
}

// renamed is a list of ids in which a resource and what lies below it have
// another id. from is a key.
func renamed(ids []string, from, to string) []string {
	all := slices.Clone(ids)
	for i, id := range all {
		if k := key(id); k == from || strings.HasPrefix(k, from+"/") {
			all[i] = to + id[len(from):]
		}
	}
	return all
}

// moving refuses a write in a group from or to which a resource moves. That it
// is a 409 is documented; its code and words are not recorded.
func (s *Sim) moving(c *call) *problem {
	if c.request.Method == http.MethodGet || c.path.group == "" || !s.groupMoves(c.path.groupKey()) {
		return nil
	}
	return fromGateway(http.StatusConflict, "ResourceMoveInProgress",
		"The resource group '%s' is in the provisioning state 'MovingResources'. "+
			"Resources in it cannot be created, changed or deleted until the move has finished.", c.path.group)
}

func (s *Sim) groupMoves(group string) bool {
	return slices.ContainsFunc(s.moves, func(m *move) bool { return m.source == group || m.target == group })
}
