package azure_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"jitbot/jit"
	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

func TestTable(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		table, err := w.Table(t.Context(), azuresim.DemoDBSubnetNSG)
		if err != nil {
			t.Fatal(err)
		}
		if table.Guard != azuresim.DemoDBSubnetNSG || table.Name != "db-subnet-nsg" || !table.Settled || len(table.Defaults) != 6 || len(table.Rules) != 3 {
			t.Errorf("table is %+v", table)
		}
		want := rules.Rule{
			Name: "postgres-from-web", Priority: 500, Inbound: true, Allow: true, Protocol: jit.TCP,
			Sources: []string{"10.10.1.0/24", "10.10.9.0/24"}, SourcePorts: []string{"*"},
			Destinations: []string{"10.20.1.0/24"}, Ports: []string{"5432", "1433"}, Settled: true,
		}
		var got rules.Rule
		for _, r := range table.Rules {
			if r.Name == want.Name {
				got = r
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTableOfNothing(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		if _, err := w.Table(t.Context(), azuresim.DemoWebNICNSG+"-gone"); !errors.Is(err, jit.ErrNotFound) {
			t.Errorf("err = %v", err)
		}
		for _, id := range []string{"", "nonsense", azuresim.DemoWeb1, azuresim.DemoWebNICNSG + "?x=1", "/subscriptions/x/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/n"} {
			if _, err := w.Table(t.Context(), id); !errors.Is(err, jit.ErrInvalid) {
				t.Errorf("id %q: err = %v", id, err)
			}
		}
	})
}

func TestTablesPaged(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(func(s *azuresim.Settings) { s.PageSize = 2 })
		tables, err := w.Tables(t.Context(), azuresim.DemoSubscription)
		if err != nil || len(tables) != 6 {
			t.Fatalf("%d tables, err %v", len(tables), err)
		}
		if n := w.Counts().GuardReads; n != 3 {
			t.Errorf("%d requests, want 3", n)
		}
		// What came before the fault is given too.
		w.AddFault(azuresim.Fault{Path: "networkSecurityGroups", Skip: 1, Status: 403, Code: "AuthorizationFailed"})
		tables, err = w.Tables(t.Context(), azuresim.DemoSubscription)
		if !errors.Is(err, jit.ErrForbidden) || len(tables) != 2 {
			t.Errorf("%d tables, err %v", len(tables), err)
		}
	})
}

func TestTablesOfSeveralSubscriptions(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		const other = "5a1e0000-0000-4000-8000-00000000d3a1"
		w := newWorld(t, func(c *azure.Config) { c.Subscriptions = append(c.Subscriptions, other) })
		tables, err := w.Tables(t.Context(), azuresim.DemoSubscription)
		if err != nil || len(tables) != 6 || w.Fault(azuresim.DemoSubscription) != "" {
			t.Errorf("%d tables, err %v", len(tables), err)
		}
		tables, err = w.Tables(t.Context(), other)
		if err == nil || len(tables) != 0 || w.Fault(other) == "" || w.Fault(azuresim.DemoSubscription) != "" {
			t.Errorf("%d tables of one that is not there, err %v", len(tables), err)
		}
		clean(t, err)
	})
}

func TestApplyAndReadBack(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		before := w.DumpRules(azuresim.DemoWebNICNSG, nil)
		ctx := t.Context()
		six := allowRule()
		six.Name, six.Priority = allowName+"6", 151
		six.Sources, six.Destinations = []string{"2001:db8::7/128"}, []string{"fd00:10:10:1::4", "fd00:10:10:1::5"}
		six.Ports = []string{"22", "8000-8010"}
		changes := append(put(allowRule()), put(six)...)
		for i, err := range w.Apply(ctx, azuresim.DemoWebNICNSG, changes) {
			if err != nil {
				t.Fatalf("change %d: %v", i, err)
			}
		}
		for _, want := range []rules.Rule{allowRule(), six} {
			got, ok := w.find(t, want.Name)
			if !ok || !got.Equal(want) || !got.Settled {
				t.Error(cmp.Diff(want, got, cmpopts.IgnoreFields(rules.Rule{}, "Settled")))
			}
		}
		for _, name := range []string{allowName, six.Name, allowName} { // the third is gone already
			if err := w.only(ctx, remove(name)); err != nil {
				t.Fatal(err)
			}
		}
		if after := w.DumpRules(azuresim.DemoWebNICNSG, nil); after != before {
			t.Errorf("other people's rules changed:\n%s", cmp.Diff(before, after))
		}
	})
}

func TestApplyToGuardThatIsGone(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		outcomes := w.Apply(t.Context(), azuresim.DemoWebNICNSG+"-gone", append(remove(allowName), put(allowRule())...))
		if outcomes[0] != nil {
			t.Errorf("removing: %v", outcomes[0])
		}
		if !errors.Is(outcomes[1], jit.ErrNotFound) {
			t.Errorf("writing: %v", outcomes[1])
		}
		if outcomes = w.Apply(t.Context(), "nonsense", remove(allowName)); !errors.Is(outcomes[0], jit.ErrInvalid) {
			t.Errorf("no id: %v", outcomes[0])
		}
	})
}

// TestRequestsOfALife is the budget of one grant on one guard: read, write,
// ask, read; and the same for the closing.
func TestRequestsOfALife(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(func(s *azuresim.Settings) { s.OperationTime = 700 * time.Millisecond })
		for _, changes := range [][]rules.Change{put(allowRule()), remove(allowName)} {
			w.find(t, allowName)
			if err := w.only(t.Context(), changes); err != nil {
				t.Fatal(err)
			}
			w.find(t, allowName)
		}
		got := w.Counts()
		want := azuresim.Counts{GuardReads: 4, GuardWrites: 1, GuardDeletes: 1, Polls: 2}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(azuresim.Counts{}, "Tokens")); diff != "" {
			t.Error(diff)
		}
		if w.codes[200] != 6 || w.codes[201] != 1 || w.codes[202] != 1 {
			t.Errorf("observed %v", w.codes)
		}
		ids := map[string]bool{}
		for _, r := range w.Requests() {
			if r.Method == "PUT" || r.Method == "DELETE" {
				ids[r.ClientRequestID] = true
			}
		}
		if len(ids) != 1 || !ids[azure.RequestID(allowName)] {
			t.Errorf("client request ids %v, want the grant's", ids)
		}
	})
}

func TestRequestID(t *testing.T) {
	id := azure.RequestID(allowName)
	if len(id) != 36 || id[14] != '8' || id != azure.RequestID("jitbot-test-g-7k2qd-other") {
		t.Errorf("id of a grant is %s", id)
	}
	for _, name := range []string{"jitbot-prod-g-7k2qd-web-1", "jitbot-test-g-7k2qe-web-1", denyName, "foreign"} {
		if azure.RequestID(name) == id {
			t.Errorf("%s has the same id", name)
		}
	}
	if one, other := azure.RequestID(denyName), azure.RequestID(denyName); one == other {
		t.Error("a deny's id is not random")
	}
}
