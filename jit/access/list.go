package access

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
)

// List gives the grants that have not ended, the caller's own, or with all
// also those that the caller may see: everything for approvers, admins and the
// host, else what is for VMs that the caller may read in Azure.
func (s *Service) List(ctx context.Context, by jit.UserID, all bool) ([]ListedGrant, error) {
	if !by.Host() {
		if _, err := s.checks.Member(ctx, by); err != nil {
			return nil, err
		}
	}
	grants, err := s.adapters.Store.Unfinished(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing grants: %w", err)
	}
	seen := &visibility{checks: s.checks, by: by, readable: s.readable}
	var out []ListedGrant
	for _, g := range grants {
		mine := g.Request.By.ID == by
		if !mine && !all && !by.Host() {
			continue
		}
		l := ListedGrant{Grant: g, Mine: mine}
		if l.Approver, l.Admin, err = s.rolesAt(ctx, by, g); err != nil {
			return nil, err
		}
		if !mine && !l.Approver && !l.Admin && !seen.see(ctx, g) {
			continue
		}
		out = append(out, l)
	}
	return out, nil
}

// ListedGrant is a grant with what the reader is to it.
type ListedGrant struct {
	Grant                 jit.Grant
	Mine, Approver, Admin bool
}

func (s *Service) rolesAt(ctx context.Context, by jit.UserID, g jit.Grant) (approver, admin bool, err error) {
	if by.Host() {
		return false, true, nil
	}
	if admin, err = s.checks.IsListed(ctx, s.config.Admins, by); err != nil {
		return false, false, err
	}
	approvers := g.Approvers
	if rule, _, err := s.currentRule(ctx, g); err == nil {
		approvers = rule.Approvers
	}
	approver, err = s.checks.IsListed(ctx, approvers, by)
	return approver, admin, err
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

// Others lists the other grants whose rules may stand at a VM of g, those that
// end first before the rest.
func (s *Service) Others(ctx context.Context, g jit.Grant) ([]jit.Grant, error) {
	all, err := s.adapters.Store.Unfinished(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing what else is open beside %s: %w", g.ID, err)
	}
	others := slices.DeleteFunc(all, func(o jit.Grant) bool { return o.ID == g.ID || !o.State.Live() || !o.Shares(g) })
	slices.SortStableFunc(others, func(a, b jit.Grant) int {
		return cmp.Or(a.Clock.Deadline.Compare(b.Clock.Deadline), cmp.Compare(a.ID, b.ID))
	})
	return others, nil
}

// Concerns lists the grants that have not ended and are the caller's own, and
// the requests that wait for a decision that the caller could make.
func (s *Service) Concerns(ctx context.Context, by jit.UserID) ([]ListedGrant, error) {
	if _, err := s.checks.Member(ctx, by); err != nil {
		return nil, err
	}
	all, err := s.adapters.Store.Unfinished(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing what concerns %s: %w", by, err)
	}
	var out []ListedGrant
	for _, g := range all {
		l := ListedGrant{Grant: g, Mine: g.Request.By.ID == by}
		if !l.Mine && (g.State != jit.Pending || g.ApprovedBy(jit.Person{ID: by})) {
			continue
		}
		if l.Approver, l.Admin, err = s.rolesAt(ctx, by, g); err != nil {
			return nil, err
		}
		if l.Mine || l.Approver {
			out = append(out, l)
		}
	}
	return out, nil
}
