package lookup

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"jitbot/jit"
)

// Choice is a VM that may be chosen in the form, with what whoever chooses it should
// know before.
type Choice struct {
	VM  jit.VM // with its power state, where that could be read in time
	Why string // why it cannot be asked for, in a few words; empty when nothing is known
}

// Choices is Search for the form, with what speaks against each VM: rights are not
// looked at.
func (s *Service) Choices(ctx context.Context, by jit.UserID, text string, limit int) ([]Choice, error) {
	found, _, err := s.search(ctx, by, text, limit)
	if err != nil {
		return nil, err
	}
	states := s.powers.read(ctx, s)
	out := make([]Choice, 0, len(found))
	for _, vm := range found {
		vm.Power = states[strings.ToLower(vm.ID)]
		why, err := s.Unaskable(ctx, vm)
		if err != nil {
			return nil, err
		}
		out = append(out, Choice{VM: vm, Why: why})
	}
	return out, nil
}

// Unaskable says why nobody can ask for a VM, as far as the configuration tells.
func (s *Service) Unaskable(ctx context.Context, vm jit.VM) (string, error) {
	policy, ok, err := s.checks.Policy(ctx, vm)
	if err != nil {
		return "", err
	}
	if !ok || len(policy.Ports) == 0 {
		return "no policy offers a port", nil
	}
	for _, pp := range policy.Ports {
		if _, ok := s.checks.Config.Approval(vm, []jit.Ports{pp.Ports}, nil, min(jit.DefaultDuration, pp.Longest)); ok {
			return "", nil
		}
	}
	return "nobody is named to approve it", nil
}

const (
	powersMaxAge = time.Minute
	powersWithin = 700 * time.Millisecond // a menu does not wait longer
)

// powerStates remember which machines run, from one list a minute: each letter that is
// typed into a menu asks. mu guards the other fields. Safe for concurrent use.
type powerStates struct {
	mu     sync.Mutex
	states map[string]string // by resource id in lower case
	at     time.Time
}

// read is as it was at most a minute ago; what could not be read in time is not known.
func (p *powerStates) read(ctx context.Context, s *Service) map[string]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.at.IsZero() && time.Since(p.at) < powersMaxAge {
		return p.states
	}
	ctx, cancel := context.WithTimeout(ctx, powersWithin)
	defer cancel()
	states, err := s.checks.Adapters.Inventory.Powers(ctx)
	if err != nil {
		s.checks.Adapters.Log.WarnContext(ctx, "not all power states could be read for a menu", slog.Any("error", err))
	}
	p.states, p.at = states, time.Now()
	return states
}
