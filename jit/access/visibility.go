package access

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
)

// visibility decides, for one answer, which grants somebody may see by their Azure
// rights.
type visibility struct {
	checks   admission.Checker
	by       jit.UserID
	readable *readableVMs
	who      *jit.Person
	blind    bool // not tied to an Entra user, or unreadable: sees nothing
}

func (v *visibility) see(ctx context.Context, g jit.Grant) bool {
	if v.who == nil && !v.blind {
		who, err := v.checks.Identify(ctx, v.by)
		v.who, v.blind = &who, err != nil
	}
	return !v.blind && !slices.ContainsFunc(g.Request.Targets, func(t jit.Target) bool { return !v.reads(ctx, t) })
}

func (v *visibility) reads(ctx context.Context, t jit.Target) bool {
	if may, known := v.readable.get(v.by, t.VM); known {
		return may
	}
	if !v.checks.Adapters.Readiness.Spare(t.VM) {
		return false
	}
	may := v.checks.CheckRights(ctx, *v.who, jit.VM{ID: t.VM, Name: t.Name}, []string{"Microsoft.Compute/virtualMachines/read"}) == nil
	v.readable.put(v.by, t.VM, may)
	return may
}

// readableVMs remembers for a minute which VMs people may read in Azure: a list
// must not spend the requests that closing needs.
type readableVMs struct {
	mu   sync.Mutex
	of   map[jit.UserID]map[string]bool
	read time.Time
}

func (m *readableVMs) get(by jit.UserID, vm string) (may, known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.read) > admission.VMsMaxAge {
		m.of, m.read = map[jit.UserID]map[string]bool{}, time.Now()
	}
	may, known = m.of[by][strings.ToLower(vm)]
	return may, known
}

func (m *readableVMs) put(by jit.UserID, vm string, may bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.of[by] == nil {
		m.of[by] = map[string]bool{}
	}
	m.of[by][strings.ToLower(vm)] = may
}

// vmVisibility decides, for one answer, which VMs somebody may see.
type vmVisibility struct {
	visibility
	all   bool
	rules []jit.Match     // of the approval rules whose approver they are
	mine  map[string]bool // VMs of their own grants, by resource id in lower case
	looks int             // at Azure, so far
}

func (s *Service) vmVisibility(ctx context.Context, by jit.UserID) (*vmVisibility, error) {
	v := &vmVisibility{visibility: visibility{checks: s.checks, by: by, readable: s.readable}, mine: map[string]bool{}}
	var err error
	if v.all, err = s.checks.IsListed(ctx, s.config.Admins, by); err != nil || v.all {
		return v, err
	}
	for _, rule := range s.config.Approvals {
		is, err := s.checks.IsListed(ctx, rule.Approvers, by)
		if err != nil {
			return nil, err
		}
		if is {
			v.rules = append(v.rules, rule.Match)
		}
	}
	grants, err := s.adapters.Store.Unfinished(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing grants: %w", err)
	}
	for _, g := range grants {
		if g.Request.By.ID != by {
			continue
		}
		for _, t := range g.Request.Targets {
			v.mine[strings.ToLower(t.VM)] = true
		}
	}
	return v, nil
}

func (v *vmVisibility) vm(ctx context.Context, vm jit.VM) bool {
	approves := func(m jit.Match) bool { return m.VM(vm) }
	if v.all || v.mine[strings.ToLower(vm.ID)] || slices.ContainsFunc(v.rules, approves) {
		return true
	}
	if _, known := v.readable.get(v.by, vm.ID); !known {
		v.looks++
	}
	return v.see(ctx, jit.Grant{Request: jit.Request{Targets: []jit.Target{{VM: vm.ID, Name: vm.Name}}}})
}
