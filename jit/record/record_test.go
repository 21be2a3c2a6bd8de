package record_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/record"
)

// export is a record of n lines as it is exported, a line each.
func export(t *testing.T, n int) ([][]byte, []jit.Event) {
	t.Helper()
	var lines [][]byte
	var events []jit.Event
	var prev jit.Event
	for i := range n {
		e, err := record.Link(jit.Event{
			At: time.Date(2026, 11, 1, 0, i, 0, i, time.UTC), Kind: jit.EventOpened, Grant: "g-7k2qd", Actor: jit.Person{ID: "U1", Name: "a@example.com"},
			VMs: []string{"/subscriptions/s/vm"}, Ports: []jit.Ports{{From: 22, To: 22, Protocol: jit.TCP}}, Text: fmt.Sprintf("<reason> & \u2028 \ufffd %d", i),
		}, prev)
		if err != nil {
			t.Fatal(err)
		}
		line, err := record.Line(e)
		if err != nil {
			t.Fatal(err)
		}
		prev, lines, events = e, append(lines, line), append(events, e)
	}
	return lines, events
}

// damage changes an export in one random way and says which.
func damage(r *rand.Rand, lines [][]byte) (string, []byte) {
	lines = slices.Clone(lines)
	i := r.IntN(len(lines))
	switch r.IntN(4) {
	case 0:
		all := bytes.Join(lines, nil)
		at, bit := r.IntN(len(all)), byte(1+r.IntN(255))
		all[at] ^= bit
		return fmt.Sprintf("byte %d ^ %d", at, bit), all
	case 1:
		return fmt.Sprintf("line %d removed", i+1), bytes.Join(slices.Delete(lines, i, i+1), nil)
	case 2:
		j := (i + 1 + r.IntN(len(lines)-1)) % len(lines)
		lines[i], lines[j] = lines[j], lines[i]
		return fmt.Sprintf("lines %d and %d swapped", i+1, j+1), bytes.Join(lines, nil)
	default:
		all := bytes.Join(lines, nil)
		at := r.IntN(len(all))
		return fmt.Sprintf("cut at %d", at), all[:at]
	}
}

// Every change of an export is found: bytes, lines removed and swapped, and a cut end,
// since the anchor is that of the last line.
func TestEveryChangeIsFound(t *testing.T) {
	lines, events := export(t, 60)
	anchor := record.At(events[len(events)-1])
	whole := bytes.Join(lines, nil)
	if last, err := record.Verify(record.Lines(bytes.NewReader(whole)), anchor); err != nil || last != anchor {
		t.Fatalf("whole: %v, %v", last, err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		what, damaged := damage(r, lines)
		last, err := record.Verify(record.Lines(bytes.NewReader(damaged)), anchor)
		if !errors.Is(err, record.ErrBroken) {
			t.Errorf("%s: not found, %v", what, err)
		}
		if last.Seq > 0 && last != record.At(events[last.Seq-1]) {
			t.Errorf("%s: line %d is called good", what, last.Seq)
		}
	}
}

// A chain that was written anew, and an end that was cut, show by an anchor alone.
func TestAnchorsProve(t *testing.T) {
	lines, events := export(t, 10)
	cut := bytes.Join(lines[:7], nil)
	for _, tt := range []struct {
		name   string
		anchor record.Anchor
		broken bool
	}{
		{"none", record.Anchor{}, false},
		{"before the cut", record.At(events[5]), false},
		{"behind the cut", record.At(events[8]), true},
		{"of another chain", record.Anchor{Seq: 3, Hash: events[3].Hash}, true},
	} {
		_, err := record.Verify(record.Lines(bytes.NewReader(cut)), tt.anchor)
		if errors.Is(err, record.ErrBroken) != tt.broken {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	again, err := record.ParseAnchor(record.At(events[3]).String())
	if err != nil || again != record.At(events[3]) {
		t.Errorf("%v, %v", again, err)
	}
	for _, bad := range []string{"", "3", "3:", "3:zz", "0:" + events[3].Hash, "-1:" + events[3].Hash, events[3].Hash} {
		if _, err := record.ParseAnchor(bad); !errors.Is(err, jit.ErrInput) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// No cell is run by a spreadsheet, and each is read back as it was but for the
// apostrophe.
func TestCSVRunsNothing(t *testing.T) {
	var b bytes.Buffer
	c, err := record.NewCSV(&b)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r\n=1", " =1", "|cmd", "%0A=1", "＝1", "\ufeff=1", "'=1", "\"=1", "fine, \"quoted\"\nand = within"}
	for _, text := range texts {
		if err := c.Write(jit.Event{Seq: 1, Kind: jit.EventAsked, Actor: jit.Person{ID: "host:=x", Name: text}, Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != len(texts)+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, row := range rows[1:] {
		for _, cell := range row {
			if begins := strings.TrimLeft(cell, " \t\r\n\ufeff"); begins != "" && strings.ContainsAny(begins[:1], "=+-@|%") {
				t.Errorf("%q is run", cell)
			}
		}
		if want := strings.ReplaceAll(texts[i], "\r\n", "\n"); row[12] != want && row[12] != "'"+want {
			t.Errorf("%q is read back as %q", texts[i], row[12])
		}
	}
}

func TestQueryMatches(t *testing.T) {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	e := jit.Event{
		At: at, Grant: "g-7k2qd", Actor: jit.Person{ID: "U1", Name: "Ann@example.com"}, Subject: jit.Person{ID: "U2"},
		VMs: []string{"/subscriptions/S/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/Web-1"},
	}
	for _, tt := range []struct {
		q    record.Query
		want bool
	}{
		{record.Query{}, true},
		{record.Query{Grant: "g-7k2qd", User: "U2", VM: strings.ToLower(e.VMs[0]), Since: at, Until: at.Add(1)}, true},
		{record.Query{User: "ann@example.com", VM: "web-1"}, true},
		{record.Query{Grant: "g-8k2qd"}, false},
		{record.Query{User: "U3"}, false},
		{record.Query{VM: "web"}, false},
		{record.Query{Since: at.Add(1)}, false},
		{record.Query{Until: at}, false},
	} {
		if got := tt.q.Matches(e); got != tt.want {
			t.Errorf("%+v: %v", tt.q, got)
		}
	}
}
