package lookup

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/inventory"
	"jitbot/jit/policies"
)

// visibility decides, for one answer, what somebody may see. Whatever is not
// listed in it is for those who may read the VM in Azure. It serves one goroutine.
type visibility struct {
	checks   admission.Checker
	readable *readableVMs
	by       jit.UserID
	all      bool             // every VM: they are an admin
	approved []policies.Match // VMs of the approval rules whose approver they are

	who        *jit.Person // nil: not identified yet
	unknown    bool        // not tied to an Entra user: may read nothing
	azureReads int         // VMs about which Azure had to be asked, so far
	doubted    bool        // a VM was left out because it could not be told
}

// byAzureRights lets somebody see what their rights in Azure alone do.
func (s *Service) byAzureRights(by jit.UserID) *visibility {
	return &visibility{checks: s.checks, readable: s.readable, by: by}
}

// visibleVMs lets somebody see what admins and approvers do, and else what their
// rights in Azure do.
func (s *Service) visibleVMs(ctx context.Context, by jit.UserID) (*visibility, error) {
	v := s.byAzureRights(by)
	var err error
	if v.all, err = s.checks.IsListed(ctx, s.checks.Config.Admins, by); err != nil || v.all {
		return v, err
	}
	for _, rule := range s.checks.Config.Approvals {
		is, err := s.checks.IsListed(ctx, rule.Approvers, by)
		if err != nil {
			return nil, err
		}
		if is {
			v.approved = append(v.approved, rule.Match)
		}
	}
	return v, nil
}

// FindVMs resolves what somebody typed among the VMs that they may see. What they
// may see and cannot be read just now is told as passing.
func (s *Service) FindVMs(ctx context.Context, by jit.UserID, words []string) ([]jit.VM, error) {
	visible, err := s.visibleVMs(ctx, by)
	if err != nil {
		return nil, err
	}
	var doubt error
	found, err := s.checks.VMs.Find(ctx, words, func(vm jit.VM) (bool, error) {
		var sees bool
		sees, doubt = visible.sees(ctx, vm)
		return sees, doubt
	})
	if doubt != nil {
		log := s.checks.Adapters.Log.With(slog.String("user", string(by)))
		log.WarnContext(ctx, "what somebody may see could not be read", slog.Any("error", doubt))
		if errors.Is(doubt, jit.ErrForbidden) {
			return nil, jit.Refuse(jit.ErrForbidden, "Your Azure rights could not be read (%s), so no VM can be shown to you, and trying again "+
				"does not help: have an admin give jitbot the role that jitbot role prints.", admission.Outline(doubt))
		}
		err = jit.Refuse(jit.ErrBusy, "Your Azure rights could not be read just now (%s), so no VM can be shown to you; "+
			"try again in a minute.", admission.Outline(doubt))
	}
	return found, err
}

// sees reports whether the VM may be shown; an error says that it cannot be told.
func (v *visibility) sees(ctx context.Context, vm jit.VM) (bool, error) {
	matches := func(m policies.Match) bool { return m.VM(vm) }
	if v.all || slices.ContainsFunc(v.approved, matches) {
		return true, nil
	}
	if _, known := v.readable.get(v.by, vm.ID); !known {
		v.azureReads++
	}
	return v.mayRead(ctx, vm.ID, vm.Name)
}

// seesVM is sees for a list, from which a doubt leaves a VM out.
func (v *visibility) seesVM(ctx context.Context, vm jit.VM) bool {
	sees, err := v.sees(ctx, vm)
	v.doubted = v.doubted || err != nil
	return err == nil && sees
}

// seesGrant reports whether all VMs of the grant may be read in Azure.
func (v *visibility) seesGrant(ctx context.Context, g jit.Grant) bool {
	return !slices.ContainsFunc(g.Request.Targets, func(t jit.Target) bool {
		may, err := v.mayRead(ctx, t.VM, t.Name)
		return err != nil || !may
	})
}

// identify finds, once, the Entra user that they are tied to.
func (v *visibility) identify(ctx context.Context) error {
	if v.who != nil || v.unknown {
		return nil
	}
	who, err := v.checks.Identify(ctx, v.by)
	switch {
	case err == nil:
		v.who = &who
	case errors.As(err, new(*jit.Refusal)):
		v.unknown = true
	default:
		return fmt.Errorf("reading who %s is in Azure: %w", v.by, err)
	}
	return nil
}

// mayRead reports whether they may read the VM in Azure; it is not asked where
// Azure's budget is needed for closings.
func (v *visibility) mayRead(ctx context.Context, id, name string) (bool, error) {
	if may, known := v.readable.get(v.by, id); known {
		return may, nil
	}
	if err := v.identify(ctx); err != nil || v.unknown {
		return false, err
	}
	if !v.checks.Adapters.Readiness.Spare(id) {
		return false, fmt.Errorf("reading the rights of %s at %s: closings need all that Azure answers: %w", v.by, name, jit.ErrBusy)
	}
	err := v.checks.CheckRights(ctx, *v.who, jit.VM{ID: id, Name: name}, []string{"Microsoft.Compute/virtualMachines/read"})
	if err != nil && !errors.As(err, new(*jit.Refusal)) {
		return false, err
	}
	v.readable.put(v.by, id, err == nil)
	return err == nil, nil
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
	if time.Since(m.since) > inventory.VMsMaxAge {
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
