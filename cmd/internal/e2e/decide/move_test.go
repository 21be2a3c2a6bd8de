package decide_test

import (
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/ipset"
	"jitbot/jit/policies"
)

const vpn = "198.51.100.9"

func source(t *testing.T, word string) netip.Prefix {
	t.Helper()
	p, ok := ipset.ParsePrefix(word)
	if !ok {
		t.Fatalf("%s is no source", word)
	}
	return p
}

// names are those of our rules.
func (w *world) names() (out []string) {
	for _, nsg := range w.Azure.NSGs() {
		for _, r := range w.Azure.Rules(nsg) {
			if strings.HasPrefix(r.Name, "jitbot-") {
				out = append(out, nsg+"/"+r.Name)
			}
		}
	}
	return out
}

// from tells from which of the two addresses web-1 is reached.
func (w *world) from() (old, moved bool) {
	return w.Reachable(azuresim.DemoWeb1, adasAddress), w.Reachable(azuresim.DemoWeb1, vpn)
}

func TestMovedLife(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		g := w.Open(time.Hour, "web-1")
		names := w.names()
		asked, err := w.Service.Move(t.Context(), ada, g.ID, source(t, vpn))
		if err != nil || !asked.Move.Forth() || !asked.Clock.Deadline.Equal(g.Clock.Deadline) {
			t.Fatalf("asked: %+v, %v", asked.Move, err)
		}
		w.Pass(20 * time.Second)
		now := w.Want(g.ID, jit.Open)
		if now.Move.Underway() || !slices.Equal(now.Request.Sources, []netip.Prefix{source(t, vpn)}) || !now.Clock.Until.Equal(g.Clock.Until) {
			t.Errorf("%+v from %v until %s, want %s", now.Move, now.Request.Sources, now.Clock.Until, g.Clock.Until)
		}
		if old, moved := w.from(); old || !moved {
			t.Errorf("reached from the old address %t, from the new %t", old, moved)
		}
		if got := w.names(); !slices.Equal(got, names) || w.Told.Count("drift to thread") != 0 {
			t.Errorf("the rules were %v and are %v; said %v", names, got, w.Told.Said())
		}
		if w.Told.Count(" moved to requester") != 1 || w.Told.Count("moving to thread") != 1 {
			t.Errorf("said %v", w.Told.Said())
		}
		w.Pass(time.Until(g.Clock.Deadline) - time.Second)
		w.Want(g.ID, jit.Open)
		w.Pass(20 * time.Second)
		w.Want(g.ID, jit.Closed)
		want := []jit.EventKind{
			jit.EventAsked, jit.EventWaiting, jit.EventApproved, jit.EventOpening, jit.EventOpened, jit.EventMoving, jit.EventMoved,
			jit.EventClosing, jit.EventClosed,
		}
		if got := w.Kinds(g.ID); !slices.Equal(got, want) {
			t.Errorf("the record says %v, want %v", got, want)
		}
		if old, moved := w.from(); old || moved || w.Ours() != 0 {
			t.Errorf("after the end: %t, %t, %d rules", old, moved, w.Ours())
		}
		w.CheckPromises(foreign)
	})
}

func TestMoveIsRefused(t *testing.T) {
	other := func(c *policies.Config) { // others decide about one network
		c.Approvals = append([]policies.ApprovalRule{{
			Match: policies.Match{WiderThan: jit.Widths{V4: 32, V6: 128}}, Approvers: []string{string(alan)}, Required: 1, PendingFor: time.Hour,
		}}, c.Approvals...)
		c.Policies[0].Widest = jit.Widths{V4: 24, V6: 64}
	}
	office := func(c *policies.Config) {
		c.Policies[0].Ports[0].Any, c.Policies[0].Ports[0].Sources = false, []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	}
	tests := []struct {
		name   string
		by     jit.UserID
		to     string
		policy func(*policies.Config)
		kind   error
		says   string
	}{
		{"of somebody else", bob, vpn, nil, jit.ErrAuthority, "only the holder"},
		{"by an approver", grace, vpn, nil, jit.ErrAuthority, "only the holder"},
		{"by an admin", carol, vpn, nil, jit.ErrAuthority, "only the holder"},
		{"by a guest", guest, vpn, nil, jit.ErrAuthority, "members"},
		{"to more addresses", ada, "198.51.100.0/24", nil, jit.ErrPolicy, "more addresses"},
		{"to everybody", ada, "0.0.0.0/0", nil, jit.ErrPolicy, "more addresses"},
		{"to more, which the policy allows", ada, "198.51.100.0/24", other, jit.ErrPolicy, "more addresses"},
		{"outside of the policy", ada, vpn, office, jit.ErrPolicy, ""},
		{"to where it is", ada, adasAddress, nil, jit.ErrStale, "already"},
		{"to a family that the VM lacks", ada, "2001:db8::1", nil, jit.ErrPolicy, "no IPv6 address"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				if tt.policy != nil {
					w.With(tt.policy)
				}
				w.Start()
				g := w.Open(time.Hour, "web-1")
				_, err := w.Service.Move(t.Context(), tt.by, g.ID, source(t, tt.to))
				if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("got %v, want %v that says %q", err, tt.kind, tt.says)
				}
				w.Pass(20 * time.Second)
				if now := w.Want(g.ID, jit.Open); now.Move.Underway() || !slices.Equal(now.Request.Sources, g.Request.Sources) {
					t.Errorf("it changed to %v, %+v", now.Request.Sources, now.Move)
				}
				if old, moved := w.from(); !old || moved {
					t.Errorf("reached from the old address %t, from the new %t", old, moved)
				}
			})
		})
	}
}

// Whoever lost the rights, or the account, moves nothing.
func TestMoveIsCheckedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		kind error
		lose func(*world)
	}{
		"nothing, but is denied there": {jit.ErrPolicy, func(*world) {}},
		"the account":                  {jit.ErrAuthority, func(w *world) { w.SetMember(admission.Member{ID: ada, Gone: true}) }},
		"the rights": {jit.ErrRights, func(w *world) {
			w.Azure.Deny(azuresim.DenyAssignment{
				Scope: azuresim.DemoWeb1, Actions: []string{"Microsoft.Security/*"}, Principals: []string{azuresim.DemoAda},
			})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				w.Plant(azuresim.DemoWebSubnetNSG, "no-vpn", "Deny", "198.51.100.8/29", 100, "")
				w.Start()
				g := w.Open(time.Hour, "web-1")
				c.lose(w)
				if _, err := w.Service.Move(t.Context(), ada, g.ID, source(t, vpn)); !errors.Is(err, c.kind) {
					t.Errorf("got %v", err)
				}
				w.Pass(20 * time.Second)
				if w.Reachable(azuresim.DemoWeb1, vpn) {
					t.Error("it was moved")
				}
			})
		})
	}
}

// Where Azure takes no change of one of the guards it is open from the old address as
// before at all of them, and says so.
func TestMoveThatCannotBeWrittenGoesBack(t *testing.T) {
	for name, c := range map[string]struct {
		fault azuresim.Fault
		after time.Duration
	}{
		"forbidden": {azuresim.Fault{
			Method: http.MethodPut, Path: "web-subnet-nsg/securityRules", Status: http.StatusForbidden, Code: "AuthorizationFailed", Times: 1,
		}, 20 * time.Second},
		"forbidden for good": {azuresim.Fault{
			Method: http.MethodPut, Path: "web-subnet-nsg/securityRules", Status: http.StatusForbidden, Code: "AuthorizationFailed",
		}, 20 * time.Second},
		"failing": {azuresim.Fault{
			Method: http.MethodPut, Path: "web-subnet-nsg/securityRules", Status: http.StatusInternalServerError,
		}, 100 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, w *world) {
				foreign := w.Foreign()
				w.Config.Policies[0].EndOnDrift = true
				w.Start()
				g := w.Open(time.Hour, "web-1")
				w.Azure.AddFault(c.fault)
				if _, err := w.Service.Move(t.Context(), ada, g.ID, source(t, vpn)); err != nil {
					t.Fatal(err)
				}
				w.Pass(c.after)
				now := w.Want(g.ID, jit.Open)
				if old, moved := w.from(); !old || moved || now.Move.Underway() || !slices.Equal(now.Request.Sources, g.Request.Sources) {
					t.Errorf("reached from the old address %t, from the new %t; %+v", old, moved, now.Move)
				}
				if w.Told.Count("unmoved to requester") != 1 || w.Told.Count(" moved to requester") != 0 {
					t.Errorf("said %v", w.Told.Said())
				}
				if w.Told.Count("drift to thread") != 0 || w.Told.Count("hindered to requester") != 0 {
					t.Errorf("it is told that somebody changed something: %v", w.Told.Said())
				}
				w.Pass(time.Until(g.Clock.Deadline) + 20*time.Second)
				w.Want(g.ID, jit.Closed)
				w.CheckPromises(foreign)
			})
		})
	}
}

// Several VMs are moved all together, or none.
func TestMoveOfSeveralVMsIsAllOrNone(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		foreign := w.Foreign()
		w.Start()
		g := w.Open(time.Hour, "web-1", "db-2")
		w.Azure.AddFault(azuresim.Fault{Method: http.MethodPut, Path: "db-subnet-nsg/securityRules", Status: http.StatusForbidden, Code: "AuthorizationFailed"})
		if _, err := w.Service.Move(t.Context(), ada, g.ID, source(t, vpn)); err != nil {
			t.Fatal(err)
		}
		w.Pass(30 * time.Second)
		for _, vm := range []string{azuresim.DemoWeb1, azuresim.DemoDB2} {
			if !w.Reachable(vm, adasAddress) || w.Reachable(vm, vpn) {
				t.Errorf("%s is not as before", vm)
			}
		}
		w.Azure.ClearFaults()
		if _, err := w.Service.Move(t.Context(), ada, g.ID, source(t, vpn)); err != nil {
			t.Fatal(err)
		}
		w.Pass(30 * time.Second)
		for _, vm := range []string{azuresim.DemoWeb1, azuresim.DemoDB2} {
			if w.Reachable(vm, adasAddress) || !w.Reachable(vm, vpn) {
				t.Errorf("%s was not moved", vm)
			}
		}
		w.CheckPromises(foreign)
	})
}

// Where somebody has the same from there already, that is named.
func TestMoveToWhereTheyAreAlready(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		g := w.Open(time.Hour, "web-1")
		beside, err := w.AskFrom(ada, time.Hour, vpn+"/32", "web-1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.Move(t.Context(), ada, g.ID, source(t, vpn)); !errors.Is(err, jit.ErrStale) || !strings.Contains(err.Error(), string(beside.ID)) {
			t.Errorf("got %v, want one that names %s", err, beside.ID)
		}
	})
}
