package sweep_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"jitbot/jit"
	"jitbot/jit/jittest"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
	"jitbot/jit/sweep"
)

// network is a few network security groups in memory. It does what Azure
// does: a change is made and shows, or fails and shows nothing, unless a guard
// is sluggish and says Succeeded before it shows.
type network struct {
	mu         sync.Mutex
	tables     []rules.Table
	forbidden  map[string]error // by rule name: what a change of it gets
	sluggish   map[string]bool  // by rule name: a removal does not show
	unreadable map[string]error // by guard: reading it back fails
	partly     error            // listing them all fails in part
}

func (n *network) Table(_ context.Context, guard string) (rules.Table, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.unreadable[guard]; err != nil {
		return rules.Table{}, err
	}
	for _, t := range n.tables {
		if resource.Same(t.Guard, guard) {
			t.Rules, t.Settled = slices.Clone(t.Rules), true
			return t, nil
		}
	}
	return rules.Table{}, fmt.Errorf("guard %s: %w", guard, jit.ErrNotFound)
}

func (n *network) Subscriptions() []string { return []string{"s"} }

func (n *network) Tables(context.Context, string) ([]rules.Table, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := slices.Clone(n.tables)
	for i := range out {
		out[i].Rules = slices.Clone(out[i].Rules)
	}
	return out, n.partly
}

func (n *network) Apply(_ context.Context, guard string, changes []rules.Change) []error {
	n.mu.Lock()
	defer n.mu.Unlock()
	errs := make([]error, len(changes))
	i := slices.IndexFunc(n.tables, func(t rules.Table) bool { return resource.Same(t.Guard, guard) })
	for k, c := range changes {
		same := func(r rules.Rule) bool { return strings.EqualFold(r.Name, c.Name()) }
		switch err := n.forbidden[c.Name()]; {
		case err != nil:
			errs[k] = err
		case i < 0 && c.Put != nil:
			errs[k] = jit.ErrNotFound
		case i < 0 || n.sluggish[c.Name()]:
		default:
			n.tables[i].Rules = slices.DeleteFunc(n.tables[i].Rules, same)
			if c.Put != nil {
				n.tables[i].Rules = append(n.tables[i].Rules, *c.Put)
			}
		}
	}
	return errs
}

// granted is an allow of ours that says until when.
func granted(suffix string, priority int, until time.Time) rules.Rule {
	r := jittest.Placed(jittest.OursNamed(suffix), priority)
	r.Description = rules.Description{Grant: "g-7k2qd", User: "U1", Until: until, Name: "ann@example.com"}.String()
	return r
}

func saying(r rules.Rule, description string) rules.Rule {
	r.Description = description
	return r
}

func ruleNames(t rules.Table) []string {
	var out []string
	for _, r := range t.Rules {
		out = append(out, r.Name)
	}
	return out
}

func mixedGuard() rules.Table {
	due, later := jittest.Start.Add(-time.Second), jittest.Start.Add(time.Second)
	other := granted("zzzzz", 109, due)
	other.Name = "jitbot-test-g-7k2qd-a"
	return rules.Table{Guard: "/g/web", Name: "nsg-web", Rules: []rules.Rule{
		jittest.Foreign("SSH", 300), granted("due", 100, due), granted("now", 101, jittest.Start), granted("later", 102, later),
		saying(jittest.Placed(jittest.OursNamed("mute"), 103), "SSH for the build"),
		saying(jittest.Placed(jittest.OursNamed("others"), 104), rules.Description{Grant: "g-zzzzz", User: "U1", Until: later}.String()),
		granted("moved", 300, due), saying(granted("astray", 301, due), "SSH for the build"), other, saying(jittest.Foreign("jitbot-prod-deny-a", 250), "jitbot g-7k2qd U1 until 2020-01-01T00:00:00Z"),
		saying(jittest.Foreign("copy", 110), rules.Description{Grant: "g-7k2qd", User: "U1", Until: due}.String()),
	}}
}

func TestOverdue(t *testing.T) {
	const p = "jitbot-prod-g-7k2qd-"
	tests := []struct {
		name       string
		unreadable bool
		want       []string // rule and outcome
		left       []string // names left in the guard
	}{
		{
			"what is past its until", false,
			[]string{"due removed", "now removed", "later kept", "mute unreadable", "others unreadable", "moved removed", "astray astray"},
			[]string{"SSH", p + "later", p + "mute", p + "others", p + "astray", "jitbot-test-g-7k2qd-a", "jitbot-prod-deny-a", "copy"},
		},
		{
			"the unreadable too", true,
			[]string{"due removed", "now removed", "later kept", "mute removed", "others removed", "moved removed", "astray astray"},
			[]string{"SSH", p + "later", p + "astray", "jitbot-test-g-7k2qd-a", "jitbot-prod-deny-a", "copy"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := &network{tables: []rules.Table{mixedGuard()}}
			swept, err := sweep.Overdue(t.Context(), n, jittest.Owner, tt.unreadable, jittest.Start)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range swept {
				got = append(got, strings.TrimPrefix(r.Rule, p)+" "+string(r.Outcome))
				if r.Guard != "nsg-web" || r.Grant != "g-7k2qd" || r.Err != nil {
					t.Errorf("%+v", r)
				}
				if r.Overdue() != (r.Outcome == sweep.Unreadable) {
					t.Errorf("%s is overdue: %t", r.Rule, r.Overdue())
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.left, ruleNames(n.tables[0])); diff != "" {
				t.Errorf("left in the guard (-want +got):\n%s", diff)
			}
			again, err := sweep.Overdue(t.Context(), n, jittest.Owner, tt.unreadable, jittest.Start)
			if err != nil || slices.ContainsFunc(again, func(r sweep.Rule) bool { return r.Outcome == sweep.Removed }) {
				t.Errorf("the second pass: %v, %v", again, err)
			}
		})
	}
}

func TestOverdueSaysRemovedOnlyOfWhatIsGone(t *testing.T) {
	due := jittest.Start.Add(-time.Hour)
	tests := []struct {
		name string
		set  func(*network, string)
		want sweep.Outcome
		err  error // of the rule
		all  bool  // the pass has an error
	}{
		{"forbidden", func(n *network, r string) { n.forbidden = map[string]error{r: jit.ErrForbidden} }, sweep.NotRemoved, jit.ErrForbidden, false},
		{"locked", func(n *network, r string) { n.forbidden = map[string]error{r: jit.ErrLocked} }, sweep.NotRemoved, jit.ErrLocked, false},
		{"Succeeded, and still there", func(n *network, r string) { n.sluggish = map[string]bool{r: true} }, sweep.NotRemoved, nil, false},
		{"gone, but not read back", func(n *network, _ string) { n.unreadable = map[string]error{"/g/a": errors.New("timeout")} }, sweep.NotRemoved, nil, true},
		{"the guard went meanwhile", func(n *network, _ string) {
			n.unreadable = map[string]error{"/g/a": jit.ErrNotFound}
		}, sweep.Removed, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rule := granted("due", 100, due)
			n := &network{tables: []rules.Table{
				{Guard: "/g/a", Name: "a", Rules: []rules.Rule{rule}}, {Guard: "/g/b", Name: "b", Rules: []rules.Rule{granted("b", 100, due)}},
			}}
			tt.set(n, rule.Name)
			swept, err := sweep.Overdue(t.Context(), n, jittest.Owner, false, jittest.Start)
			if (err != nil) != tt.all || len(swept) != 2 {
				t.Fatalf("%v, %v", swept, err)
			}
			if r := swept[0]; r.Outcome != tt.want || !errors.Is(r.Err, tt.err) || r.Overdue() != (tt.want != sweep.Removed) {
				t.Errorf("%+v, want %s with %v", r, tt.want, tt.err)
			}
			if r := swept[1]; r.Outcome != sweep.Removed {
				t.Errorf("the other guard: %+v", r)
			}
		})
	}
}

func TestOverdueDoesWhatItCanRead(t *testing.T) {
	n := &network{tables: []rules.Table{{Guard: "/g/a", Name: "a", Rules: []rules.Rule{granted("due", 100, jittest.Start)}}}, partly: jit.ErrForbidden}
	swept, err := sweep.Overdue(t.Context(), n, jittest.Owner, false, jittest.Start)
	if !errors.Is(err, jit.ErrForbidden) || len(swept) != 1 || swept[0].Outcome != sweep.Removed {
		t.Errorf("%v, %v", swept, err)
	}
}

func TestSweptAsALine(t *testing.T) {
	tests := []struct {
		name string
		r    sweep.Rule
		want string
	}{
		{"kept", sweep.Rule{Guard: "nsg", Rule: "r", Grant: "g-7k2qd", Until: jittest.Start, Outcome: sweep.Kept}, "kept       g-7k2qd r in nsg, until 2026-03-01T08:00:00Z"},
		{"unreadable", sweep.Rule{Guard: "nsg", Rule: "r", Grant: "g-7k2qd", Outcome: sweep.Unreadable}, "unreadable g-7k2qd r in nsg"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.r.String(); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
	failed := sweep.Rule{Guard: "nsg", Rule: "r", Grant: "g-7k2qd", Outcome: sweep.NotRemoved, Err: fmt.Errorf("secret detail: %w", jit.ErrLocked)}
	if got := failed.String(); !strings.Contains(got, "lock") || strings.Contains(got, "secret") {
		t.Errorf("a failed one is %q", got)
	}
}

// hanging is a network of which one guard answers no change before the context
// ends.
type hanging struct {
	*network
	guard string
}

func (n hanging) Apply(ctx context.Context, guard string, changes []rules.Change) []error {
	if resource.Same(guard, n.guard) {
		<-ctx.Done()
	}
	return n.network.Apply(ctx, guard, changes)
}

func TestOneGuardThatHangsDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{}
		overdue := jittest.Placed(jittest.OursNamed("a"), 100)
		overdue.Description = "jitbot g-7k2qd U1 until 2026-03-01T08:00:00Z"
		for i := range 200 {
			n.tables = append(n.tables, rules.Table{Name: fmt.Sprint("nsg-", i), Guard: fmt.Sprint("/g/nsg-", i), Rules: []rules.Rule{overdue}})
		}
		ctx, cancel := context.WithCancel(t.Context())
		var found []sweep.Rule
		var wg sync.WaitGroup
		wg.Go(func() {
			found, _ = sweep.Overdue(ctx, hanging{n, "/g/nsg-0"}, jittest.Owner, false, jittest.Start.Add(time.Minute))
		})
		time.Sleep(10 * time.Second)
		left := 0
		tables, _ := n.Tables(ctx, "s")
		for _, table := range tables {
			left += len(table.Rules)
		}
		if left != 1 {
			t.Errorf("%d rules are left after 10 s, not that of the guard that hangs alone", left)
		}
		cancel()
		wg.Wait()
		if len(found) != 200 || found[0].Guard != "nsg-0" || found[199].Guard != "nsg-199" {
			t.Errorf("%d rules are told, or not in the order of the guards", len(found))
		}
	})
}
