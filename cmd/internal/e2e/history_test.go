package e2e_test

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/lookup"
	"jitbot/jit/policies"
	"jitbot/jit/record"
)

// What was done is shown to those who may see the machine or did it, a page at a time.
func TestHistoryIsForThoseWhoMaySeeIt(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.WithDave()
		w.Start()
		g := w.Open(time.Hour, "web-1")
		seen := func(by jit.UserID, q record.Query) int {
			t.Helper()
			n := 0
			for q.Limit = 2; ; {
				page, next, err := w.Service.History(t.Context(), by, q)
				if err != nil {
					t.Fatal(err)
				}
				if n += len(page); next == 0 {
					return n
				}
				q.Before = next
			}
		}
		all := len(w.Kinds(g.ID))
		for by, want := range map[jit.UserID]int{simulated.Ada: all, simulated.Grace: all, simulated.Carol: all, "host:root": all, simulated.Dave: 0} {
			if got := seen(by, record.Query{Grant: g.ID}); got != want {
				t.Errorf("%s is shown %d lines of %d", by, got, want)
			}
			if got := seen(by, record.Query{VM: azuresim.DemoWeb1}); got != want {
				t.Errorf("%s is shown %d lines of the machine, want %d", by, got, want)
			}
		}
		if _, _, err := w.Service.History(t.Context(), simulated.Guest, record.Query{Limit: 1}); !errors.Is(err, jit.ErrAuthority) {
			t.Errorf("a guest: %v", err)
		}
	})
}

// Whoever is on the machine ends access, and neither asks nor approves nor protects.
func TestHostMayEndAndNothingElse(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		const host = jit.UserID("host:root")
		w.With(func(c *policies.Config) {
			c.Users[host], c.Admins, c.Approvals[0].Approvers = azuresim.DemoAda, append(c.Admins, string(host)), []string{string(host), simulated.Approvers}
		})
		w.Start()
		g, err := w.Ask(simulated.Ada, time.Hour, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		_, asked := w.Ask(host, time.Hour, "web-1")
		_, approved := w.Service.Approve(t.Context(), host, g.ID)
		_, denied := w.Service.Deny(t.Context(), host, g.ID, "no")
		_, done := w.Service.Done(t.Context(), host, g.ID)
		for what, err := range map[string]error{"ask": asked, "approve": approved, "deny": denied, "done": done, "admin": w.Service.Admin(t.Context(), host)} {
			if !errors.Is(err, jit.ErrAuthority) {
				t.Errorf("the host may %s: %v", what, err)
			}
		}
		for _, by := range []jit.UserID{simulated.Carol, simulated.Ada, ""} {
			_, one := w.Service.End(t.Context(), by, g.ID)
			_, all := w.Service.EndAll(t.Context(), by)
			if !errors.Is(one, jit.ErrAuthority) || !errors.Is(all, jit.ErrAuthority) {
				t.Errorf("%q ends as the host does: %v, %v", by, one, all)
			}
		}
		w.Want(g.ID, jit.Pending)
		if _, err := w.Service.End(t.Context(), host, g.ID); err != nil {
			t.Fatal(err)
		}
		open := w.Open(time.Hour, "db-1")
		ended, err := w.Service.EndAll(t.Context(), host)
		if err != nil || len(ended) != 1 || ended[0].ID != open.ID {
			t.Errorf("ended %+v, %v", ended, err)
		}
		w.Pass(20 * time.Second)
		w.Want(open.ID, jit.Closed)
		w.Want(g.ID, jit.Cancelled)
	})
}

// What somebody typed finds the lines of a VM, of one that Azure has no more too, and no
// line that they may not see; refused asks are among them.
func TestHistoryOfWhatWasTyped(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.WithDave()
		w.Start()
		g := w.Open(time.Hour, "web-1")
		if _, err := w.Ask(bob, time.Hour, "web-1"); err == nil {
			t.Fatal("bob may ask")
		}
		kinds := func(by jit.UserID, word string) (out []jit.EventKind) {
			t.Helper()
			page, err := w.Service.HistoryOf(t.Context(), by, word, record.Query{Limit: 20, Since: w.Reconciler.Now().AddDate(0, 0, -7)})
			if err != nil {
				t.Fatalf("%s of %s: %v", by, word, err)
			}
			for _, e := range page.Lines {
				out = append(out, e.Kind)
			}
			return out
		}
		want := []jit.EventKind{jit.EventRefused, jit.EventAsked, jit.EventOpened, jit.EventApproved, jit.EventWaiting, jit.EventAsked}
		if got := kinds(grace, "web-1"); !slices.Equal(got, want) {
			t.Errorf("an approver is shown %v, want %v", got, want)
		}
		if _, err := w.Service.HistoryOf(t.Context(), simulated.Dave, "web-1", record.Query{Limit: 20}); err == nil && len(kinds(simulated.Dave, "web-1")) > 0 {
			t.Error("somebody is shown what they may not see")
		}
		if _, err := w.Service.HistoryOf(t.Context(), grace, "web-9", record.Query{Limit: 20}); err != nil && !errors.Is(err, jit.ErrNotFound) {
			t.Errorf("a VM that never was: %v", err)
		}
		w.Azure.DeleteVM(azuresim.DemoWeb1)
		w.Pass(5 * time.Minute)
		w.Want(g.ID, jit.Closed)
		if got := kinds(grace, "web-1"); len(got) < len(want)+2 {
			t.Errorf("of a VM that is gone an approver is shown %v", got)
		}
	})
}

// What a guest types tells them nothing of VMs, whatever their account may read in Azure.
func TestHistoryTellsGuestsNothing(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.With(func(c *policies.Config) { c.Users[guest] = azuresim.DemoAda })
		w.Start()
		for _, word := range []string{"", "web-1", "web-9", "shop/web-9", "tag:env=prod", "tag:env=none"} {
			if _, err := w.Service.HistoryOf(t.Context(), guest, word, record.Query{Limit: 20}); !errors.Is(err, jit.ErrAuthority) {
				t.Errorf("%q: %v", word, err)
			}
		}
	})
}

// Lines that are left out because rights cannot be read just now are told of.
func TestHistoryTellsOfDoubt(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.WithDave()
		w.Start()
		w.Open(time.Hour, "dev-1")
		page := func() lookup.HistoryPage {
			t.Helper()
			p, err := w.Service.HistoryOf(t.Context(), simulated.Dave, "", record.Query{Limit: 20})
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		f := w.Azure.AddFault(azuresim.Throttled("60").On(http.MethodGet, "roleAssignments"))
		if p := page(); !p.Doubted || len(p.Lines) > 0 {
			t.Errorf("doubted %v, %d lines", p.Doubted, len(p.Lines))
		}
		f.Remove()
		w.Pass(2 * time.Minute)
		if p := page(); p.Doubted || len(p.Lines) == 0 {
			t.Errorf("doubted %v, %d lines", p.Doubted, len(p.Lines))
		}
	})
}

// However many VMs the record names, one page asks Azure of a few only, and the next goes
// on behind it.
func TestHistoryAsksAzureLittle(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.WithDave()
		w.Start()
		const lines = 190
		for n := range lines {
			vm := strings.TrimSuffix(azuresim.DemoWeb1, "web-1") + "old-" + strconv.Itoa(n)
			if err := w.Store.Append(t.Context(), jit.Rejected(bob, "asked", []string{vm}, w.Reconciler.Now())); err != nil {
				t.Fatal(err)
			}
		}
		page, err := w.Service.HistoryOf(t.Context(), simulated.Dave, "", record.Query{Limit: 20})
		if err != nil || page.Next == 0 || len(page.Lines) > 0 {
			t.Errorf("%d lines, next %d, %v", len(page.Lines), page.Next, err)
		}
		asked := map[string]bool{}
		for _, r := range w.Azure.Requests() {
			if _, after, ok := strings.Cut(r.Path, "/old-"); ok {
				vm, _, _ := strings.Cut(after, "/")
				asked[vm] = true
			}
		}
		if len(asked) == 0 || len(asked) > 61 {
			t.Errorf("Azure was asked of %d VMs", len(asked))
		}
		seen := page.Next
		if page, err = w.Service.HistoryOf(t.Context(), simulated.Dave, "", record.Query{Limit: 20, Before: seen}); err != nil || page.Next == 0 || page.Next >= seen {
			t.Errorf("the next page goes on at %d, after %d: %v", page.Next, seen, err)
		}
	})
}
