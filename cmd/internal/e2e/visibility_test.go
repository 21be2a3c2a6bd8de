package e2e_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/lookup"
)

// shown are the names of all VMs that anything shows to somebody who typed the
// word, with the sentences that say why not.
func (w *world) shown(by jit.UserID, word string) string {
	w.T.Helper()
	var out []string
	for _, text := range []string{"", word} {
		found, err := w.Service.Choices(w.T.Context(), by, text, 100)
		for _, vm := range found {
			out = append(out, vm.VM.Name)
		}
		lines, _, err2 := w.Service.VMs(w.T.Context(), by, text, 100)
		for _, l := range lines {
			out = append(out, l.VM.Name)
		}
		out = append(out, saying(err), saying(err2))
	}
	findings, _, err := w.Service.Scan(w.T.Context(), by)
	for _, f := range findings {
		out = append(out, f.VM.Name)
	}
	out = append(out, saying(err))
	_, err = w.Service.Offer(w.T.Context(), by, []string{word})
	out = append(out, saying(err))
	_, err = w.Service.Explain(w.T.Context(), by, word, by)
	return strings.Join(append(out, saying(err)), "\n")
}

func saying(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Whatever shows VMs shows them to whoever may read them in Azure, and to
// approvers and admins: to others a VM that is there and one that is not are the
// same.
func TestVMsAreShownToThoseWhoMaySeeThem(t *testing.T) {
	for _, c := range []struct {
		by             jit.UserID
		word           string
		shows, conceal []string
	}{
		{bob, "web-1", []string{"no VM called web-1 that you may see"}, []string{"web-2", "dev", "db-", "jump", "did you mean", "10.10"}},
		{bob, "web-9", []string{"no VM called web-9 that you may see"}, []string{"web-1", "web-2", "did you mean"}},
		{bob, "tag:env=prod", []string{"No VM that you may see has the tag env=prod"}, []string{"web-1", "jump"}},
		{simulated.Dave, "web-1", []string{"no VM called web-1 that you may see", "dev-1", "dev-win"}, []string{"web-2", "db-", "jump"}},
		{simulated.Dave, "dev-9", []string{"no VM called dev-9 that you may see", "did you mean dev-1, dev-2"}, []string{"web-", "db-", "jump"}},
		{ada, "web-9", []string{"did you mean web-1, web-2", "dev-1", "jump-1"}, nil},
		{grace, "web-9", []string{"did you mean web-1, web-2", "dev-1", "jump-1"}, nil},
		{carol, "web-9", []string{"did you mean web-1, web-2", "dev-1", "jump-1"}, nil},
		{guest, "web-1", []string{"only full members"}, []string{"web-2", "dev", "did you mean", "may see"}},
	} {
		t.Run(string(c.by)+" "+c.word, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.WithDave()
				w.Start()
				got := w.shown(c.by, c.word)
				for _, text := range c.shows {
					if !strings.Contains(got, text) {
						t.Errorf("%q is not among %q", text, got)
					}
				}
				for _, text := range c.conceal {
					if strings.Contains(got, text) {
						t.Errorf("%q is among %q", text, got)
					}
				}
			})
		})
	}
}

// Who asks for a VM that they may not see by its exact name is refused for their
// rights, which is in the record; a name that is nearly one tells nothing, and a
// tag means what they may see.
func TestAskNamesNothingThatIsNotSeen(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.WithDave()
		w.Start()
		g, err := w.Ask(bob, time.Hour, "web-1")
		if !errors.Is(err, jit.ErrAuthority) {
			t.Errorf("checked: %v", err)
		}
		w.Want(g.ID, jit.Refused)
		if _, err := w.Ask(bob, time.Hour, "web-9"); !errors.Is(err, jit.ErrNotFound) || strings.Contains(err.Error(), "web-1") {
			t.Errorf("a name that is nearly one: %v", err)
		}
		if _, err := w.Ask(bob, time.Hour, "tag:env=prod"); err == nil || strings.Contains(err.Error(), "web-1") {
			t.Errorf("a tag: %v", err)
		}
		if err := w.Azure.SetTags(azuresim.DemoWeb1, map[string]string{"env": "dev"}); err != nil {
			t.Fatal(err)
		}
		w.Pass(2 * time.Minute)
		if g, err = w.Ask(simulated.Dave, time.Hour, "tag:env=dev"); len(g.Request.Targets) != 3 || len(g.Request.LeftOut) != 1 {
			t.Errorf("%+v, %+v, %v", g.Request.Targets, g.Request.LeftOut, err)
		}
		for _, target := range g.Request.Targets {
			if !strings.EqualFold(target.Group, "dev") {
				t.Errorf("%s/%s is asked for", target.Group, target.Name)
			}
		}
	})
}

// Where the rights cannot be read just now nothing is shown, and that it is
// passing is said: it is no "no".
func TestWhatMayBeSeenCannotBeReadForAMoment(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		f := w.Azure.AddFault(azuresim.Throttled("60").On(http.MethodGet, "roleAssignments"))
		for name, show := range map[string]func() error{
			"explain": func() error { _, err := w.Service.Explain(t.Context(), ada, "web-1", ada); return err },
			"offer":   func() error { _, err := w.Service.Offer(t.Context(), ada, []string{"web-1"}); return err },
			"near":    func() error { _, err := w.Service.Offer(t.Context(), ada, []string{"web-9"}); return err },
		} {
			if err := show(); !errors.Is(err, jit.ErrBusy) || !strings.Contains(err.Error(), "try again in a minute") {
				t.Errorf("%s: %v", name, err)
			}
		}
		f.Remove()
		w.Pass(2 * time.Minute)
		if e, err := w.Service.Explain(t.Context(), ada, "web-1", ada); err != nil || len(e.Offers) == 0 {
			t.Errorf("after that: %+v, %v", e, err)
		}
	})
}

// Where jitbot may not read the rights at all, that is told as lasting, with who can
// mend it, and so is what cannot be checked for that cause.
func TestWhatMayBeSeenCannotBeRead(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		w.Azure.AddFault(azuresim.Forbidden().On(http.MethodGet, "roleAssignments"))
		_, explained := w.Service.Explain(t.Context(), ada, "web-1", ada)
		_, asked := w.Ask(ada, time.Hour, "web-1")
		for what, err := range map[string]error{"explain": explained, "ask": asked} {
			if err == nil || !strings.Contains(err.Error(), "does not help: have an admin give jitbot the role") || strings.Contains(err.Error(), "in a minute") {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// Who is refused because another VM would be opened along is told its name only
// where they may see it.
func TestSharedAddressNamesNothingThatIsNotSeen(t *testing.T) {
	for by, named := range map[jit.UserID]bool{ada: true, simulated.Dave: false} {
		t.Run(string(by), func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.WithDave()
				copied := w.AddTwin(azuresim.DemoDevNSG)
				name := copied[strings.LastIndex(copied, "/")+1:]
				w.hide(copied)
				w.Start()
				_, err := w.AskFrom(by, time.Hour, "198.51.100.7/32", "dev-1")
				if err == nil || !strings.Contains(err.Error(), "behind the same network security group") || strings.Contains(err.Error(), name) != named {
					t.Errorf("%s: %v", by, err)
				}
			})
		})
	}
}

// hide keeps Dave from reading a VM.
func (w *world) hide(vm string) {
	w.Azure.Deny(azuresim.DenyAssignment{
		Name: "hidden", Scope: vm, Principals: []string{azuresim.DemoDave}, Actions: []string{"Microsoft.Compute/virtualMachines/read"},
	})
}

// Several VMs of one name are told apart only to whoever may see them.
func TestClashingNamesAreTheSeenOnes(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.WithDave()
		twin, _ := w.Azure.Machine(azuresim.DemoWeb2)
		twin.ID = strings.Replace(azuresim.DemoWeb1, "web-1", "dev-1", 1)
		w.Azure.PutVM(twin)
		w.Start()
		o, err := w.Service.Offer(t.Context(), simulated.Dave, []string{"dev-1"})
		if err != nil || len(o.VMs) != 1 || !strings.EqualFold(o.VMs[0].Group, "dev") {
			t.Errorf("Dave: %+v, %v", lookup.Offer{VMs: o.VMs}, err)
		}
		if _, err := w.Service.Offer(t.Context(), ada, []string{"dev-1"}); err == nil || !strings.Contains(err.Error(), "more than one VM") {
			t.Errorf("Ada: %v", err)
		}
		if _, err := w.Service.Offer(t.Context(), bob, []string{"dev-1"}); err == nil || strings.Contains(err.Error(), "more than one") {
			t.Errorf("Bob: %v", err)
		}
	})
}
