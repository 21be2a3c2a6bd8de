package reach

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"jitbot/jit/jittest"
)

func found(name string, p Posture, tags ...string) Finding {
	p.Why = "why of " + name
	return Finding{VM: jittest.Machine("rg", name, tags...), Posture: p}
}

func idsOf(names ...string) []string {
	var out []string
	for _, name := range names {
		out = append(out, jittest.Machine("rg", name).ID)
	}
	return out
}

func TestDigestSumsUp(t *testing.T) {
	due := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	open, shut, bare := Posture{Class: ClassUnhealthy}, Posture{Class: ClassHealthy}, Posture{Class: ClassNotApplicable}
	untold, loose := bare, shut
	untold.Undetermined, loose.StillOpen = true, []string{"Yet its policy opens it."}
	first := NewDigest(Digest{Schedule: "Mon 09:00", Due: due.Add(-7 * 24 * time.Hour)}, due, due.Add(time.Second), []Finding{
		found("a", open, "env=prod"), found("b", open), found("c", untold), found("d", bare), found("e", loose), found("f", shut), found("g", loose),
	}, []string{"a gap"})
	want := Digest{
		Schedule: "Mon 09:00", Due: due, At: due.Add(time.Second), Unhealthy: 2, NotApplicable: 2, Untold: 1, Healthy: 3, Gaps: []string{"a gap"},
		Exposures: []Exposed{{VM: idsOf("a")[0], Production: true, Why: "why of a"}, {VM: idsOf("b")[0], Why: "why of b"}},
		Remarks:   []Remark{{Text: loose.StillOpen[0], VMs: idsOf("e", "g")}}, Open: idsOf("a", "b"),
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("the first digest (-want +got):\n%s", diff)
	}
	// a is as it was, b cannot be told, c is opened; then b is shut, and a gone.
	second := NewDigest(first, due.Add(7*24*time.Hour), due.Add(7*24*time.Hour), []Finding{found("c", open), found("a", open), found("b", untold)}, nil)
	third := NewDigest(second, due.Add(14*24*time.Hour), due.Add(14*24*time.Hour), []Finding{found("c", open), found("b", shut)}, nil)
	for _, tt := range []struct {
		got  Digest
		want Digest
	}{
		{second, Digest{Since: first.At, Opened: idsOf("c"), Open: idsOf("c", "a", "b")}},
		{third, Digest{Since: second.At, Mended: idsOf("a", "b"), Open: idsOf("c")}},
	} {
		got := Digest{Since: tt.got.Since, Opened: tt.got.Opened, Mended: tt.got.Mended, Open: tt.got.Open}
		if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestDigestIsBounded(t *testing.T) {
	var all []Finding
	for n := range 2000 {
		all = append(all, found(fmt.Sprint("vm-", n), Posture{Class: ClassUnhealthy, StillOpen: []string{fmt.Sprint("remark ", n%100)}}))
	}
	d := NewDigest(Digest{}, time.Time{}, time.Time{}, all, nil)
	if d.Unhealthy != 2000 || len(d.Exposures) != maxExposures || len(d.Remarks) != maxRemarks || d.More != 100-maxRemarks || len(d.Remarks[0].VMs) != 20 || d.Exposures[0].Why != "why of vm-0" {
		t.Errorf("%d unhealthy, %d shown, %d remarks and %d more", d.Unhealthy, len(d.Exposures), len(d.Remarks), d.More)
	}
}
