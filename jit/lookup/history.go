package lookup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

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
	visible, err := s.seesLines(ctx, by)
	if err != nil {
		return nil, 0, err
	}
	return s.find(ctx, visible, q, func(jit.EventKind) bool { return false })
}

// find gives a page of the lines that are seen, without the kinds that are skipped. It
// ends early where Azure would have to be asked of more VMs than for a list.
func (s *Service) find(
	ctx context.Context, visible *visibility, q record.Query, skip func(jit.EventKind) bool,
) (page []jit.Event, next uint64, err error) {
	for range historyPages {
		found, after, err := s.history.Find(ctx, q)
		if err != nil {
			return page, 0, fmt.Errorf("reading the history: %w", err)
		}
		var read int
		page, read = visible.take(ctx, page, found, q.Limit, skip)
		if read < len(found) {
			after = found[read-1].Seq
		}
		if q.Before, next = after, after; after == 0 || read < len(found) || len(page) == q.Limit {
			break
		}
	}
	return page, next, nil
}

// take adds to a page what may be shown of the lines that were found, the first of them
// whatever it costs, and tells how many were looked at.
func (v *visibility) take(
	ctx context.Context, page, found []jit.Event, limit int, skip func(jit.EventKind) bool,
) (more []jit.Event, read int) {
	for i, e := range found {
		if i > 0 && (len(page) == limit || v.azureReads > maxVMReads) {
			return page, i
		}
		if !skip(e.Kind) && v.seesLine(ctx, e) {
			page = append(page, e)
		}
	}
	return page, len(found)
}

// HistoryPage is a page of the record's lines, newest first.
type HistoryPage struct {
	Lines  []jit.Event
	Next   uint64        // the Before of the next page; 0 after the last
	Anchor record.Anchor // of the whole record, as it is now

	// Sealed is the last line that has left the store and is not looked at; 0: none has.
	Sealed uint64

	// Doubted says that lines may be missing, of which could not be told whether they may
	// be seen.
	Doubted bool
}

// HistoryOf is History of what somebody typed: word names a VM among those that they may
// see, or one that Azure has no more. What jitbot did in between is left out.
func (s *Service) HistoryOf(ctx context.Context, by jit.UserID, word string, q record.Query) (HistoryPage, error) {
	visible, err := s.seesLines(ctx, by) // first, since what is said of a VM tells of it
	if err != nil {
		return HistoryPage{}, err
	}
	if word != "" {
		vms, err := s.FindVMs(ctx, by, []string{word})
		switch {
		case len(vms) == 1:
			q.VM = vms[0].ID
		case errors.Is(err, jit.ErrNotFound) && !strings.ContainsAny(word, "/:"):
			q.VM = word
		case err != nil:
			return HistoryPage{}, err
		default:
			return HistoryPage{}, jit.Refuse(jit.ErrInput, "That names %s VMs; name one.", fmt.Sprint(len(vms)))
		}
	}
	var page HistoryPage
	if page.Lines, page.Next, err = s.find(ctx, visible, q, isBetween); err != nil {
		return page, err
	}
	page.Doubted = visible.doubted
	last, err := s.history.Last(ctx)
	if err != nil {
		return page, fmt.Errorf("reading the end of the record: %w", err)
	}
	page.Anchor = record.At(last)
	sealed, err := s.history.Sealed(ctx)
	if err != nil {
		return page, fmt.Errorf("reading what has left the store of the record: %w", err)
	}
	if len(sealed) > 0 {
		page.Sealed = sealed[len(sealed)-1].Last
	}
	return page, nil
}

// isBetween reports whether a line is of what jitbot did between what people did and what
// came of it.
func isBetween(k jit.EventKind) bool {
	return slices.Contains([]jit.EventKind{jit.EventWrote, jit.EventProgress, jit.EventOpening, jit.EventAnchor, jit.EventDigest}, k)
}

// seesLines tells which lines of the record somebody may see.
func (s *Service) seesLines(ctx context.Context, by jit.UserID) (*visibility, error) {
	if by.Host() {
		return &visibility{all: true}, nil
	}
	if _, err := s.checks.Member(ctx, by); err != nil {
		return nil, err
	}
	return s.visibleVMs(ctx, by)
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
