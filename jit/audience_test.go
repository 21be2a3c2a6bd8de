package jit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"jitbot/jit/guardpath"
)

// kindsDeclared are the constants of type EventKind in the package's source.
func kindsDeclared(t *testing.T) []EventKind {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var out []EventKind
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
			if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "EventKind" {
				for _, v := range spec.Values {
					if text, err := strconv.Unquote(v.(*ast.BasicLit).Value); err == nil {
						out = append(out, EventKind(text))
					}
				}
			}
			return true
		})
	}
	return out
}

func TestEveryEventKindHasAudiences(t *testing.T) {
	kinds, table := kindsDeclared(t), audiencesOf()
	for _, kind := range kinds {
		if _, listed := table[kind]; !listed {
			t.Errorf("%s: nothing says who is told of it", kind)
		}
	}
	if len(kinds) != len(table) {
		t.Errorf("%d kinds, %d rows", len(kinds), len(table))
	}
}

// A protection and a digest are told of in the channel, a grant by its card and
// to its people.
func TestAudiencesOfGrantsAreNotTheChannel(t *testing.T) {
	for kind, row := range audiencesOf() {
		if slices.Contains(slices.Concat(row.grant, row.holder, row.over), ToChannel) {
			t.Errorf("%s of a grant is told in the channel", kind)
		}
		if slices.ContainsFunc(row.other, func(a Audience) bool { return a != ToChannel }) {
			t.Errorf("%s of no grant is told to %v", kind, row.other)
		}
		if row.holder != nil && !slices.Equal(row.holder, append(slices.Clone(row.grant), ToRequester)) {
			t.Errorf("%s is told to %v, and with its holder to %v", kind, row.grant, row.holder)
		}
	}
}

func TestWhoIsToldOfWhatIsLikeAnother(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	const nsg, firewall = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/networkSecurityGroups/n",
		"/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/azureFirewalls/f"
	open := Grant{ID: "g-7k2qd", State: Open, Paths: []guardpath.Path{{Guard: nsg, Confirmed: true}}}
	withDoor := open
	withDoor.Paths = []guardpath.Path{{Guard: firewall, Kind: guardpath.ByDNAT, PublicEnds: []guardpath.PublicEnd{{Public: netip.MustParseAddrPort("192.0.2.1:50000")}}}}

	var events []Event
	keep := func(es []Event) { events = append(events, es...) }
	begin := func(guard string) {
		_, e, err := Grant{State: Opening}.Begin([]guardpath.Path{{Guard: guard}}, time.Minute, now)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	follow := func(g Grant) {
		_, es, err := g.Follow([]guardpath.Path{{Guard: "other"}}, now)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, es...)
	}
	begin(nsg)
	begin(firewall)
	follow(open)
	follow(withDoor)
	hindered, es := open.Hinder(nsg, "a deny", now)
	keep(es)
	_, es = hindered.Hinder(nsg, "", now)
	keep(es)
	events = append(events, EventAt("/vm", nil, EventMoved, Person{}, now, "the denies follow"), Orphaned("r", "n", "g-7k2qd", Card{}, "", now), Orphaned("r", "n", "g-7k2qd", Card{"C1", "1.0"}, "", now),
		Orphaned("r", "n", "g-7k2qd", Card{"C1", "1.0"}, "a lock", now),
		Line(EventDigest, "", now), Line(EventMissing, "S1 is gone", now), Line(EventAnchor, "7:ab", now), Rejected("U1", "protect", nil, now), open.Rejected("U1", "done", now))

	want := []struct {
		kind EventKind
		tell []Audience
	}{
		{EventOpening, []Audience{ToCard}},
		{EventOpening, []Audience{ToCard, ToRequester}},
		{EventMoved, []Audience{ToCard, ToThread}},
		{EventMoved, []Audience{ToCard, ToThread, ToRequester}},
		{EventHindered, []Audience{ToCard, ToThread, ToRequester}},
		{EventHindered, []Audience{ToCard}},
		{EventMoved, []Audience{ToChannel}},
		{EventOrphan, nil},
		{EventOrphan, []Audience{ToThread}},
		{EventStuck, []Audience{ToChannel}},
		{EventDigest, []Audience{ToChannel}},
		{EventMissing, []Audience{ToChannel}},
		{EventAnchor, []Audience{ToChannel}},
		{EventRejected, nil},
		{EventRejected, nil},
	}
	if len(events) != len(want) {
		t.Fatalf("%d events, want %d", len(events), len(want))
	}
	for i, w := range want {
		if e := events[i]; e.Kind != w.kind || !slices.Equal(e.Tell(), w.tell) {
			t.Errorf("%d: %s is told to %v, want %s to %v", i, e.Kind, e.Tell(), w.kind, w.tell)
		}
	}
}
