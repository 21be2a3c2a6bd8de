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

// visibility decides, for one answer, what somebody may see. Whatever is not
// listed in it is for those who may read the VM in Azure. It serves one goroutine.
type visibility struct {
	checks   admission.Checker
	readable *readableVMs
	by       jit.UserID
	all      bool            // every VM: they are an admin
	approved []jit.Match     // VMs of the approval rules whose approver they are
	own      map[string]bool // VMs of their own grants, by resource id in lower case

	who        *jit.Person // nil: not identified yet
	unknown    bool        // not tied to an Entra user, or unreadable: may read nothing
	azureReads int         // VMs about which Azure had to be asked, so far
}

// byAzureRights lets somebody see what their rights in Azure alone do.
func (s *Service) byAzureRights(by jit.UserID) *visibility {
	return &visibility{checks: s.checks, readable: s.readable, by: by}
}

// visibleVMs lets somebody see what admins, approvers and holders do, and else
// what their rights in Azure do.
func (s *Service) visibleVMs(ctx context.Context, by jit.UserID) (*visibility, error) {
	v := s.byAzureRights(by)
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
			v.approved = append(v.approved, rule.Match)
		}
	}
	grants, err := s.adapters.Grants.Unfinished(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing grants: %w", err)
	}
	v.own = map[string]bool{}
	for _, g := range grants {
		if g.Request.By.ID != by {
			continue
		}
		for _, t := range g.Request.Targets {
			v.own[strings.ToLower(t.VM)] = true
		}
	}
	return v, nil
}

// seesVM reports whether the VM may be shown.
func (v *visibility) seesVM(ctx context.Context, vm jit.VM) bool {
	matches := func(m jit.Match) bool { return m.VM(vm) }
	if v.all || v.own[strings.ToLower(vm.ID)] || slices.ContainsFunc(v.approved, matches) {
		return true
	}
	if _, known := v.readable.get(v.by, vm.ID); !known {
		v.azureReads++
	}
	return v.identified(ctx) && v.mayRead(ctx, vm.ID, vm.Name)
}

// seesGrant reports whether all VMs of the grant may be read in Azure.
func (v *visibility) seesGrant(ctx context.Context, g jit.Grant) bool {
	return v.identified(ctx) &&
		!slices.ContainsFunc(g.Request.Targets, func(t jit.Target) bool { return !v.mayRead(ctx, t.VM, t.Name) })
}

func (v *visibility) identified(ctx context.Context) bool {
	if v.who == nil {
		who, err := v.checks.Identify(ctx, v.by)
		v.who, v.unknown = &who, err != nil
	}
	return !v.unknown
}

// mayRead takes it for a no where Azure's budget is needed for closings.
func (v *visibility) mayRead(ctx context.Context, id, name string) bool {
	if may, known := v.readable.get(v.by, id); known {
		return may
	}
	if !v.checks.Adapters.Readiness.Spare(id) {
		return false
	}
	may := v.checks.CheckRights(ctx, *v.who, jit.VM{ID: id, Name: name}, []string{"Microsoft.Compute/virtualMachines/read"}) == nil
	v.readable.put(v.by, id, may)
	return may
}

// readableVMs remembers for a minute which VMs people may read in Azure: a list
// must not spend the requests that closing needs. mu guards both
// fields. Safe for concurrent use.
type readableVMs struct {
	mu    sync.Mutex
	may   map[jit.UserID]map[string]bool // by resource id in lower case
	since time.Time
}

func (m *readableVMs) get(by jit.UserID, vm string) (may, known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.since) > admission.VMsMaxAge {
		m.may, m.since = map[jit.UserID]map[string]bool{}, time.Now()
	}
	may, known = m.may[by][strings.ToLower(vm)]
	return may, known
}

func (m *readableVMs) put(by jit.UserID, vm string, may bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.may[by] == nil {
		m.may[by] = map[string]bool{}
	}
	m.may[by][strings.ToLower(vm)] = may
}
