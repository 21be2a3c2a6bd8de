package access

import (
	"context"
	"fmt"
	"slices"
	"time"

	"jitbot/jit"
	"jitbot/jit/record"
	"jitbot/jit/text"
)

// DoneOnly ends the one grant of the caller's that was opening or open when they said
// so, and refuses where there was none, or more than one, which it names. Said again it
// finds that it was ended, and ends no other.
func (s *Service) DoneOnly(ctx context.Context, by jit.UserID, at time.Time) (jit.Grant, error) {
	if _, err := s.checks.Member(ctx, by); err != nil {
		return jit.Grant{}, err
	}
	all, err := s.adapters.Grants.Unfinished(ctx)
	if err != nil {
		return jit.Grant{}, fmt.Errorf("listing what %s has open: %w", by, err)
	}
	var meant []jit.ID
	var names []string
	for _, g := range all {
		live := g.State == jit.Opening || g.State == jit.Open
		if live && g.Request.By.ID == by && !g.Clock.Approved.After(at) {
			meant, names = append(meant, g.ID), append(names, string(g.ID)+" ("+namesOf(g)+")")
		}
	}
	ended, err := s.endedSince(ctx, by, at)
	if err != nil {
		return jit.Grant{}, err
	}
	switch open := len(meant); {
	case open+len(ended) == 1:
		return s.Done(ctx, by, append(meant, ended...)[0])
	case open == 0:
		return jit.Grant{}, jit.Refuse(jit.ErrStale,
			"You have no access that is open, so nothing was ended; %s shows what there is of yours.", "/jit list")
	case open == 1:
		return jit.Grant{}, jit.Refuse(jit.ErrStale, "Other access of yours has ended meanwhile, so nothing was ended now; what is open is %s. "+
			"To end it, write %s.", jit.Whole(names[0]), "/jit done "+string(meant[0]))
	default:
		return jit.Grant{}, jit.Refuse(jit.ErrInput, "You have several that are open, so nothing was ended: %s. Of these, name one, as in %s.",
			jit.Whole(text.Join(names)), "/jit done "+string(meant[0]))
	}
}

// maxEnded is how many lines of the record are looked through for what has ended.
const maxEnded = 200

// endedSince are the caller's grants that began to close since then.
func (s *Service) endedSince(ctx context.Context, by jit.UserID, at time.Time) ([]jit.ID, error) {
	lines, _, err := s.history.Find(ctx, record.Query{User: by, Since: at, Limit: maxEnded})
	if err != nil {
		return nil, fmt.Errorf("reading what of %s has ended: %w", by, err)
	}
	var out []jit.ID
	for _, e := range lines {
		closing := e.Kind == jit.EventClosing || e.Kind == jit.EventFailed
		if closing && e.Subject.ID == by && !slices.Contains(out, e.Grant) {
			out = append(out, e.Grant)
		}
	}
	return out, nil
}

// namesOf are the VMs of a grant.
func namesOf(g jit.Grant) string {
	var names []string
	for _, t := range g.Request.Targets {
		names = append(names, t.Name)
	}
	return text.Join(names)
}
