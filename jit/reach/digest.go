package reach

import (
	"slices"
	"strings"
	"time"
)

const (
	maxExposures = 15 // VMs of a digest that are shown one by one
	maxRemarks   = 5
)

// NewDigest sums findings up, which are in the order of a scan. last is the
// digest before, perhaps the zero one.
func NewDigest(last Digest, due, at time.Time, findings []Finding, gaps []string) Digest {
	d := Digest{Schedule: last.Schedule, Due: due, At: at, Since: last.At, Gaps: gaps, Anchored: last.Anchored}
	for _, f := range findings {
		countFinding(&d, f)
		for _, text := range f.Posture.StillOpen {
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
			d.Exposures = append(d.Exposures, Exposed{VM: f.VM.ID, Production: f.VM.Production(), Why: f.Posture.Why})
		}
	case ClassNotApplicable:
		d.NotApplicable++
		if f.Posture.Undetermined {
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

// compareDigest finds what changed since the last digest. What cannot be told now is
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
		if unhealthy || f.Posture.Undetermined && before[key] {
			d.Open, open[key] = append(d.Open, f.VM.ID), true
		}
	}
	for _, id := range last.Open {
		if !open[strings.ToLower(id)] {
			d.Mended = append(d.Mended, id)
		}
	}
}
