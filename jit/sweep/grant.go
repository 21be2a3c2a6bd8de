package sweep

import (
	"context"
	"errors"
	"fmt"

	"jitbot/jit"
	"jitbot/jit/rules"
)

// Grant removes the rules of one grant, whatever their until, for when the instance
// that would close it is down. It looks at the guards that are named, or at every one
// of the subscriptions when none is. Rules that are not ours are never touched. The
// error says what could not be read.
func Grant(ctx context.Context, network rules.Network, owner rules.Owner, id jit.ID, guards []string) ([]Rule, error) {
	s := selection{owner: owner, grant: id}
	if len(guards) == 0 {
		return s.sweepAll(ctx, network)
	}
	var tables []rules.Table
	var faults []error
	for _, guard := range guards {
		t, err := network.Table(ctx, guard)
		if err != nil {
			faults = append(faults, fmt.Errorf("reading %s: %w", guard, err))
			continue
		}
		tables = append(tables, t)
	}
	found, err := sweepTables(ctx, tables, func(ctx context.Context, t rules.Table) ([]Rule, error) { return s.sweepTable(ctx, network, t) })
	return found, errors.Join(append(faults, err)...)
}

// Gone reads guards once more and reports whether none has a rule of the grant and
// each is settled, so that nothing which is still being written brings one back.
func Gone(ctx context.Context, network rules.Network, owner rules.Owner, id jit.ID, guards []string) (bool, error) {
	s := selection{owner: owner, grant: id}
	for _, guard := range guards {
		t, err := network.Table(ctx, guard)
		if err != nil {
			return false, fmt.Errorf("reading %s back: %w", guard, err)
		}
		if !t.Settled {
			return false, nil
		}
		for _, rule := range t.Rules {
			if _, ours := s.classify(t, rule); ours {
				return false, nil
			}
		}
	}
	return true, nil
}
