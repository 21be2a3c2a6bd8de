package azure_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

// whole is a world whose client may write whole groups, in its configuration
// and in Azure.
func whole(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *azure.Config) { c.GroupWrites = true })
		w.PutRoleDefinition(azuresim.RoleDefinition{
			ID: azuresim.RoleJITBot, Name: "jitbot", Custom: true, Actions: append(azuresim.BotActions(), "Microsoft.Network/networkSecurityGroups/write"),
			AssignableScopes: []string{azuresim.DemoSubscriptionScope},
		})
		f(t, w)
	})
}

func many(n int) (writes, removes []rules.Change, names map[string]bool) {
	names = map[string]bool{}
	for i := range n {
		r := allowRule()
		r.Name, r.Priority = fmt.Sprintf("%s-%d", allowName, i), 110+i
		writes, removes = append(writes, put(r)...), append(removes, remove(strings.ToUpper(r.Name))...)
		names[r.Name] = true
	}
	return writes, removes, names
}

func (w *world) foreignRules(names map[string]bool) string {
	return w.DumpRules(azuresim.DemoWebNICNSG, func(name string) bool { return names[name] })
}

// Many changes are one write of the whole group, which leaves other people's
// rules byte for byte; few are made rule by rule.
func TestGroupWrites(t *testing.T) {
	whole(t, func(t *testing.T, w *world) {
		before := w.foreignRules(nil)
		writes, removes, names := many(20)
		for _, step := range []struct {
			changes []rules.Change
			rules   int
		}{{writes, 20}, {removes, 0}} {
			w.Reset()
			if err := errors.Join(w.Apply(t.Context(), azuresim.DemoWebNICNSG, step.changes)...); err != nil {
				t.Fatal(err)
			}
			if n := w.sent("PUT", "") + w.sent("DELETE", ""); n != 1 {
				t.Errorf("%d writes of 20 changes", n)
			}
			n := 0
			for _, r := range w.Rules(azuresim.DemoWebNICNSG) {
				if names[r.Name] {
					n++
				}
			}
			if n != step.rules || w.foreignRules(names) != before {
				t.Errorf("%d rules of ours, want %d; others:\n%s", n, step.rules, w.foreignRules(names))
			}
		}
		w.Reset()
		if err := errors.Join(w.Apply(t.Context(), azuresim.DemoWebNICNSG, writes[:2])...); err != nil || w.sent("PUT", "/securityRules/") != 2 {
			t.Errorf("two changes: %v, %d writes of rules", err, w.sent("PUT", "/securityRules/"))
		}
	})
}

// Somebody writes between our reading and our writing: it is not overwritten, and
// ours is made all the same.
func TestGroupWritesMeetAnother(t *testing.T) {
	whole(t, func(t *testing.T, w *world) {
		var once sync.Once
		w.SetHook(func(r *http.Request) {
			if r.Method == http.MethodPut {
				once.Do(func() {
					if err := w.PutRule(azuresim.DemoWebNICNSG, azuresim.Rule{
						Name: "meanwhile", Priority: 3000, Access: "Deny", Direction: "Inbound", Protocol: "*", SourceAddressPrefix: "*",
						SourcePortRange: "*", DestinationAddressPrefix: "*", DestinationPortRange: "*",
					}); err != nil {
						t.Error(err)
					}
				})
			}
		})
		writes, _, _ := many(5)
		for _, err := range w.Apply(t.Context(), azuresim.DemoWebNICNSG, writes) {
			if err != nil {
				t.Errorf("%v", err)
			}
		}
		if _, there := w.Rule(azuresim.DemoWebNICNSG, "meanwhile"); !there {
			t.Error("what somebody wrote meanwhile is lost")
		}
	})
}

// One bad rule, or a role that may write single rules only, keeps no other
// change back.
func TestGroupWritesFallBack(t *testing.T) {
	whole(t, func(t *testing.T, w *world) {
		writes, _, _ := many(5)
		bad := *writes[2].Put
		bad.Ports = []string{"66600"}
		writes[2].Put = &bad
		for i, err := range w.Apply(t.Context(), azuresim.DemoWebNICNSG, writes) {
			if (err != nil) != (i == 2) {
				t.Errorf("change %d: %v", i, err)
			}
		}
		w.PutRoleDefinition(azuresim.RoleDefinition{
			ID: azuresim.RoleJITBot, Name: "jitbot", Custom: true, Actions: azuresim.BotActions(), AssignableScopes: []string{azuresim.DemoSubscriptionScope},
		})
		_, removes, names := many(5)
		if err := errors.Join(w.Apply(t.Context(), azuresim.DemoWebNICNSG, removes)...); err != nil {
			t.Error(err)
		}
		for _, r := range w.Rules(azuresim.DemoWebNICNSG) {
			if names[r.Name] {
				t.Errorf("%s is left", r.Name)
			}
		}
	})
}

// A write of the whole that fails leaves a document that shows what is not in
// force: the table says so, and even a single change writes it again.
func TestGroupWritesThatFail(t *testing.T) {
	whole(t, func(t *testing.T, w *world) {
		writes, removes, names := many(4)
		if err := errors.Join(w.Apply(t.Context(), azuresim.DemoWebNICNSG, writes)...); err != nil {
			t.Fatal(err)
		}
		w.AddFault(azuresim.OperationFails().On("PUT", "").Only(1))
		if err := w.Apply(t.Context(), azuresim.DemoWebNICNSG, removes)[0]; err == nil {
			t.Fatal("a write that failed is said to be made")
		}
		table, err := w.Table(t.Context(), azuresim.DemoWebNICNSG)
		if err != nil || !table.Failed || table.Settled {
			t.Errorf("failed %t, settled %t, %v", table.Failed, table.Settled, err)
		}
		if err := w.Apply(t.Context(), azuresim.DemoWebNICNSG, removes[:1])[0]; err != nil {
			t.Error(err)
		}
		if table, err = w.Table(t.Context(), azuresim.DemoWebNICNSG); err != nil || !table.Settled {
			t.Errorf("settled %t, %v", table.Settled, err)
		}
		for name := range names {
			if _, there := w.Rule(azuresim.DemoWebNICNSG, name); there {
				t.Errorf("%s is left", name)
			}
		}
	})
}

// While Azure lets nobody read, rules are removed all the same.
func TestGroupWritesBlind(t *testing.T) {
	whole(t, func(t *testing.T, w *world) {
		writes, removes, names := many(5)
		if err := errors.Join(w.Apply(t.Context(), azuresim.DemoWebNICNSG, writes)...); err != nil {
			t.Fatal(err)
		}
		w.AddFault(azuresim.Throttled("120").On("GET", "networkSecurityGroups"))
		w.Apply(t.Context(), azuresim.DemoWebNICNSG, removes) // what became of it cannot be read either
		for name := range names {
			if _, there := w.Rule(azuresim.DemoWebNICNSG, name); there {
				t.Errorf("%s is left", name)
			}
		}
	})
}
