package jit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// DigestKept is how old a digest may be that is still told.
const DigestKept = 24 * time.Hour

const (
	digestPatience = 10 * time.Minute // what could not be read is tried again for this long
	maxExposures   = 15               // VMs of a digest that are shown one by one
	maxRemarks     = 5
)

// Digest is how all VMs stand at an instant, as the channel is told of it. The
// latest one is kept, for the next to say what changed.
type Digest struct {
	Schedule string    `json:"schedule"`    // that it was made by
	Due      time.Time `json:"due"`         // the time of the schedule that it settles
	At       time.Time `json:"at,omitzero"` // when the rules were read; zero: nothing was told yet

	Unhealthy     int `json:"unhealthy"`
	NotApplicable int `json:"not_applicable"`
	Untold        int `json:"untold"` // of NotApplicable, because something could not be read
	Healthy       int `json:"healthy"`

	Exposures []Exposed `json:"exposures,omitempty"` // the first of the Unhealthy, widest first
	Remarks   []Remark  `json:"remarks,omitempty"`   // what is open all the same
	More      int       `json:"more,omitempty"`      // remarks that are left out
	Gaps      []string  `json:"gaps,omitempty"`      // what could not be read

	// Since is the digest before, the zero Time when there was none; Opened
	// are the VMs that are Unhealthy and were not then, Mended those that were
	// and are known not to be any more, by resource id.
	Since  time.Time `json:"since,omitzero"`
	Opened []string  `json:"opened,omitempty"`
	Mended []string  `json:"mended,omitempty"`
	// Open are the resource ids of all that are Unhealthy, and of those that
	// were and cannot be told now.
	Open []string `json:"open,omitempty"`
}

// Exposed is an Unhealthy VM of a digest.
type Exposed struct {
	VM         string `json:"vm"` // resource id
	Production bool   `json:"production,omitempty"`
	Why        string `json:"why"`
}

// Remark is a sentence that holds for some VMs.
type Remark struct {
	Text string   `json:"text"`
	VMs  []string `json:"vms"` // resource ids
}

// newDigest sums findings up, which are in the order of a scan. last is the
// digest before, perhaps the zero one.
func newDigest(last Digest, due, at time.Time, findings []Finding, gaps []string) Digest {
	d := Digest{Schedule: last.Schedule, Due: due, At: at, Since: last.At, Gaps: gaps}
	for _, f := range findings {
		countFinding(&d, f)
		for _, text := range f.Posture.Yet {
			addRemark(&d, text, f.VM.ID)
		}
	}
	compareDigest(&d, last, findings)
	if n := len(d.Remarks); n > maxRemarks {
		d.Remarks, d.More = d.Remarks[:maxRemarks], n-maxRemarks
	}
	return d
}

func countFinding(d *Digest, f Finding) {
	switch f.Posture.Class {
	case ClassUnhealthy:
		d.Unhealthy++
		if len(d.Exposures) < maxExposures {
			d.Exposures = append(d.Exposures, Exposed{f.VM.ID, f.VM.Production(), f.Posture.Why})
		}
	case ClassNotApplicable:
		d.NotApplicable++
		if f.Posture.Untold {
			d.Untold++
		}
	case ClassHealthy:
		d.Healthy++
	}
}

func addRemark(d *Digest, text, vm string) {
	i := slices.IndexFunc(d.Remarks, func(r Remark) bool { return r.Text == text })
	if i < 0 {
		d.Remarks, i = append(d.Remarks, Remark{Text: text}), len(d.Remarks)
	}
	d.Remarks[i].VMs = append(d.Remarks[i].VMs, vm)
}

// compare finds what changed since the last digest. What cannot be told now is
// taken to be as it was.
func compareDigest(d *Digest, last Digest, findings []Finding) {
	before, open := map[string]bool{}, map[string]bool{}
	for _, id := range last.Open {
		before[strings.ToLower(id)] = true
	}
	for _, f := range findings {
		key := strings.ToLower(f.VM.ID)
		unhealthy := f.Posture.Class == ClassUnhealthy
		if unhealthy && !before[key] && !last.At.IsZero() {
			d.Opened = append(d.Opened, f.VM.ID)
		}
		if unhealthy || f.Posture.Untold && before[key] {
			d.Open, open[key] = append(d.Open, f.VM.ID), true
		}
	}
	for _, id := range last.Open {
		if !open[strings.ToLower(id)] {
			d.Mended = append(d.Mended, id)
		}
	}
}

// event is the line of the record, and what has the digest told.
func (d Digest) event() Event {
	return Event{At: d.At, Kind: EventDigest, tell: audiences(EventDigest).other, Text: fmt.Sprintf(
		"%d unhealthy, %d not applicable, %d healthy; due %s", d.Unhealthy, d.NotApplicable, d.Healthy, d.Due.Format(time.RFC3339))}
}

// settledDigest is the last time of the digest's schedule that is known to be
// settled. mu guards it.
type settledDigest struct {
	mu  sync.Mutex
	due time.Time
}

// covers reports whether that time of the schedule is settled.
func (s *settledDigest) covers(due time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !due.After(s.due)
}

func (s *settledDigest) settle(due time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due = due
}

// startDigest begins with the digest when a time of its schedule has come that
// is not known to be settled.
func (r *Reconciler) startDigest(ctx context.Context) {
	if !r.digested.covers(r.config.Digest.Last(r.checks.Clock.Now())) {
		r.work.digests.Add(ctx, "", false)
	}
}

// digest settles what is due. The key is not used: there is only one.
func (r *Reconciler) digest(ctx context.Context, _ string) error {
	due := r.config.Digest.Last(r.checks.Clock.Now())
	err := r.settleDigest(ctx, due)
	if err != nil {
		if ctx.Err() == nil {
			r.adapters.Log.WarnContext(ctx, "the digest is due and cannot be made yet", slog.Time("due", due), slog.Any("error", err))
		}
		return err
	}
	r.digested.settle(due)
	return nil
}

// settleDigest makes the digest that is due, unless the store knows that it
// was. A schedule that was just set begins with its next time, and so does one
// that a clock far ahead of this one has settled.
func (r *Reconciler) settleDigest(ctx context.Context, due time.Time) error {
	last, err := r.adapters.Store.Digest(ctx)
	if err != nil {
		return fmt.Errorf("reading the last digest: %w", err)
	}
	now, schedule := r.checks.Clock.Now(), r.config.Digest.String()
	switch {
	case last.Schedule != schedule || last.Due.Sub(now) > r.config.Digest.Every:
	case !due.After(last.Due):
		return nil
	case now.Sub(due) <= DigestKept:
		return r.makeDigest(ctx, last, due)
	default:
		r.adapters.Log.WarnContext(ctx, "a digest was due while jitbot was down, and is too old to be told", slog.Time("due", due))
	}
	last.Schedule, last.Due = schedule, due
	if err := r.adapters.Store.KeepDigest(ctx, last); err != nil {
		return fmt.Errorf("keeping that no digest is due: %w", err)
	}
	return nil
}

func (r *Reconciler) makeDigest(ctx context.Context, last Digest, due time.Time) error {
	vms, err := r.checks.VMs.List(ctx, VMsMaxAge)
	if err != nil {
		return err
	}
	findings, gaps, err := r.checks.Classify(ctx, vms)
	if err != nil {
		return err
	}
	now := r.checks.Clock.Now()
	if len(gaps) > 0 && now.Sub(due) < digestPatience {
		return errors.New(strings.Join(gaps, " "))
	}
	if doubt := r.trust.doubt(); doubt != "" { // Azure's clock was heard just now
		return errors.New(doubt)
	}
	d := newDigest(last, due, now, findings, gaps)
	if err := r.adapters.Store.KeepDigest(ctx, d, d.event()); err != nil {
		return fmt.Errorf("keeping the digest: %w", err)
	}
	return nil
}
