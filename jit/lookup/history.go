package lookup

import (
	"context"
	"fmt"
	"slices"

	"jitbot/jit"
	"jitbot/jit/record"
	"jitbot/jit/resource"
)

// historyPages bounds how many pages are looked through for one that somebody may see.
const historyPages = 10

// History gives a page of the record's lines that the caller may see, newest first, and
// the Before of the next page, 0 after the last: everything for admins and the host,
// else what is of themselves and what is of VMs that they may see. A page may have
// fewer lines than asked for and be followed by others.
func (s *Service) History(ctx context.Context, by jit.UserID, q record.Query) (page []jit.Event, next uint64, err error) {
	sees, err := s.seesLines(ctx, by)
	if err != nil {
		return nil, 0, err
	}
	limit := q.Limit
	for range historyPages {
		found, after, err := s.history.Find(ctx, q)
		if err != nil {
			return page, 0, fmt.Errorf("reading the history: %w", err)
		}
		seen := slices.DeleteFunc(slices.Clone(found), func(e jit.Event) bool { return !sees(e) })
		if page = append(page, seen...); len(page) >= limit {
			page = page[:limit]
			if last := page[limit-1].Seq; last != found[len(found)-1].Seq {
				after = last
			}
			return page, after, nil
		}
		if q.Before, next = after, after; after == 0 {
			break
		}
	}
	return page, next, nil
}

// seesLines tells which lines of the record somebody may see.
func (s *Service) seesLines(ctx context.Context, by jit.UserID) (func(jit.Event) bool, error) {
	if by.Host() {
		return func(jit.Event) bool { return true }, nil
	}
	if _, err := s.checks.Member(ctx, by); err != nil {
		return nil, err
	}
	visible, err := s.visibleVMs(ctx, by)
	return func(e jit.Event) bool { return visible.seesLine(ctx, e) }, err
}

// seesLine reports whether a line of the record may be shown. One that names no VM is
// for admins, and for those whom it is about.
func (v *visibility) seesLine(ctx context.Context, e jit.Event) bool {
	if v.all || e.Actor.ID == v.by || e.Subject.ID == v.by {
		return true
	}
	return len(e.VMs) > 0 && !slices.ContainsFunc(e.VMs, func(id string) bool {
		return !v.seesVM(ctx, jit.VM{ID: id, Name: resource.Name(id), Group: resource.Group(id)})
	})
}
