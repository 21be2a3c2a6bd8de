package view

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/guardpath"
)

// constants are the values of the domain's constants of a type, by name.
func constants(t *testing.T, ofType string) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../jit/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != ofType || len(spec.Values) == 0 {
				return true
			}
			for i, v := range spec.Values {
				if lit, ok := v.(*ast.BasicLit); ok {
					if found[spec.Names[i].Name], err = strconv.Unquote(lit.Value); err != nil {
						t.Fatal(err)
					}
				}
			}
			return true
		})
	}
	return found
}

// An ending that is added to the domain must have its texts.
func TestEveryEndingHasARow(t *testing.T) {
	all := constants(t, "Ending")
	if len(all) < 7 {
		t.Fatalf("endings: %v", all)
	}
	for name, value := range all {
		row, ok := endings()[jit.Ending(value)]
		if !ok || row.card == nil || row.holder == nil {
			t.Errorf("jit.%s has no texts in ending.go", name)
		}
	}
	if len(endings()) != len(all) {
		t.Errorf("%d rows for %d endings", len(endings()), len(all))
	}
}

// An event that is added to the domain must have its texts, or a row that says
// why it has none.
func TestEveryEventHasARow(t *testing.T) {
	all := constants(t, "EventKind")
	if len(all) < 28 {
		t.Fatalf("kinds of events: %v", all)
	}
	for name, value := range all {
		if _, ok := events()[jit.EventKind(value)]; !ok {
			t.Errorf("jit.%s has no row in event.go", name)
		}
	}
	if len(events()) != len(all) {
		t.Errorf("%d rows for %d kinds of events", len(events()), len(all))
	}
}

// Of a guard that is gone itself nothing is called read back.
func TestGoneGuardsAreSaid(t *testing.T) {
	g := jit.Grant{ID: "g-7k2qd", State: jit.Closed, Decision: jit.Decision{Ending: jit.Expired}}
	g.Clock.Begun, g.Clock.Opened, g.Clock.Ended = time.Unix(1, 0), time.Unix(2, 0), time.Unix(3, 0)
	gone, there := guardpath.Path{Guard: "/a/web_nsg", Gone: true, Confirmed: true}, guardpath.Path{Guard: "/a/sub-nsg", Confirmed: true}
	for _, c := range []struct {
		paths           []guardpath.Path
		said, read, end bool
	}{
		{[]guardpath.Path{there}, false, true, true},
		{[]guardpath.Path{gone, there}, true, true, true},
		{[]guardpath.Path{gone}, true, false, false},
	} {
		g.Paths = c.paths
		e := jit.Event{Kind: jit.EventClosed, Grant: g.ID}
		direct, thread, card := Direct(e, g).Text, Thread(e, g).Text, Card(g).Text
		for _, text := range []string{thread, card} {
			said := strings.Contains(text, "the network security group `web_nsg` is gone from where it was")
			if said != c.said || strings.Contains(text, "rule was read back gone") != c.read {
				t.Errorf("it is said %q", text)
			}
		}
		if strings.Contains(direct, "is closed") != c.end {
			t.Errorf("the holder reads %q", direct)
		}
	}
}
