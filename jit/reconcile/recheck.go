package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/admission"
)

// recheckHolders starts looking again at everybody who holds an open grant.
func (r *Reconciler) recheckHolders(ctx context.Context) {
	grants, err := r.adapters.Grants.Unfinished(ctx)
	if err != nil {
		r.adapters.Log.ErrorContext(ctx, "listing the grants whose holders are looked at", slog.Any("error", err))
	}
	for _, g := range grants {
		if g.State == jit.Open {
			r.work.holders.Add(ctx, string(g.Request.By.ID), false)
		}
	}
}

// recheck closes the open grants of somebody who lost the account or the
// rights for them. What cannot be read just now is kept and warned of: taking
// access away from somebody at work because Slack or Azure is down would be a
// fault of ours.
func (r *Reconciler) recheck(ctx context.Context, id string) error {
	grants, err := r.adapters.Grants.Unfinished(ctx)
	if err != nil && len(grants) == 0 {
		return fmt.Errorf("listing the grants of %s: %w", id, err)
	}
	grants = slices.DeleteFunc(grants, func(g jit.Grant) bool { return g.State != jit.Open || g.Request.By.ID != jit.UserID(id) })
	if len(grants) == 0 {
		return nil
	}
	who, personErr := r.checks.Identify(ctx, jit.UserID(id))
	seen := map[string]error{} // by VM, so that many grants at one VM ask once
	var faults []error
	for _, g := range grants {
		err := personErr
		if err == nil {
			err = r.stillEntitled(ctx, who, g, seen)
		}
		faults = append(faults, r.applyRecheck(ctx, g, err))
	}
	return errors.Join(faults...)
}

// applyRecheck acts on what was found about the holder of a grant.
func (r *Reconciler) applyRecheck(ctx context.Context, g jit.Grant, found error) error {
	now := r.checks.Clock.Now()
	no := (*jit.Refusal)(nil)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("looking at the holder of %s again: %w", g.ID, ctx.Err())
	case found == nil:
		_, err := r.update(ctx, g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.Rechecked() })
		return err
	case errors.As(found, &no):
		return r.closeWhile(ctx, g, jit.Decision{Ending: jit.RightsLost, Reason: no.Error()}, now)
	case errors.Is(found, jit.ErrBusy):
		return found // tried again when Azure has time
	default:
		r.adapters.Log.WarnContext(ctx, "the rights of a holder could not be read, and the grant is kept",
			slog.String("grant", string(g.ID)), slog.Any("error", found))
		why := "The holder's rights could not be read (" + admission.Outline(found) + "); the access is kept until they can."
		_, err := r.update(ctx, g.ID, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.KeepUnchecked(why, now) })
		return err
	}
}

// stillEntitled refuses a holder whose rights are gone.
func (r *Reconciler) stillEntitled(ctx context.Context, who jit.Person, g jit.Grant, seen map[string]error) error {
	if err := admission.SameEntra(g, who); err != nil {
		return err
	}
	for _, t := range g.Request.Targets {
		key := strings.ToLower(t.VM)
		err, known := seen[key]
		if !known {
			err = r.checks.CheckRights(ctx, who, jit.VM{ID: t.VM, Name: t.Name}, r.config.RequiredActions)
			seen[key] = err
		}
		if err != nil {
			return err
		}
	}
	return nil
}
