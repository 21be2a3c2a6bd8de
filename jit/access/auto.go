package access

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"

	"jitbot/jit"
	"jitbot/jit/policies"
)

// auto says why a request needs nobody's yes: all that its rule sets for that holds. Where
// that cannot be told, approvers are asked.
func (s *Service) auto(ctx context.Context, g jit.Grant, rule policies.ApprovalRule) (jit.Auto, bool) {
	a := rule.Auto
	if !a.Set() || rule.Required == 0 {
		return jit.Auto{}, false
	}
	now := s.checks.Clock.Now()
	if len(a.Hours) > 0 && !a.Hours.Contain(now) {
		return jit.Auto{}, false
	}
	why := jit.Auto{Hours: a.Hours.String(), OnCall: a.OnCall, PerDay: a.PerDay}
	var err error
	on := true
	if a.OnCall != "" {
		on, err = s.checks.IsListed(ctx, []string{a.OnCall}, g.Request.By.ID)
	}
	if err == nil && on && a.PerDay > 0 {
		why.Nth, err = s.nthOfDay(ctx, g, rule, now.UTC().Format("2006-01-02"))
		on = why.Nth > 0
	}
	if err != nil {
		s.adapters.Log.WarnContext(ctx, "whether a request needs nobody's yes cannot be told, so approvers are asked",
			slog.String("grant", string(g.ID)), slog.Any("error", err))
	}
	return why, err == nil && on
}

// nthOfDay is the how manieth of its person and entry the grant is that day, as far as they
// needed nobody's yes; 0 when there were as many as may be. The places are kept in the
// store: each is one grant's for good.
func (s *Service) nthOfDay(ctx context.Context, g jit.Grant, rule policies.ApprovalRule, day string) (int, error) {
	match, err := json.Marshal(rule.Match)
	if err != nil {
		return 0, fmt.Errorf("naming the entry of %s: %w", g.ID, err)
	}
	entry := sha256.Sum256(match)
	for n := 1; n <= rule.Auto.PerDay; n++ {
		place := fmt.Sprintf("auto %s %s %s %d", day, hex.EncodeToString(entry[:8]), strings.ToLower(g.Request.By.Entra), n)
		kept, err := s.adapters.Names.Bind(ctx, place, string(g.ID))
		if err != nil {
			return 0, fmt.Errorf("counting what %s asked for: %w", g.Request.By.ID, err)
		}
		if kept == string(g.ID) {
			return n, nil
		}
	}
	return 0, nil
}
