package jit_test

import (
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"jitbot/jit"
	"jitbot/jit/jittest"
)

func extents() *rapid.Generator[jit.Extent] {
	return rapid.Custom(func(t *rapid.T) jit.Extent {
		port := rapid.Custom(func(t *rapid.T) jit.Ports {
			from := uint16(rapid.IntRange(20, 26).Draw(t, "from"))
			return jit.Ports{
				From: from, To: from + uint16(rapid.IntRange(0, 4).Draw(t, "more")),
				Protocol: rapid.SampledFrom([]jit.Protocol{jit.TCP, jit.TCP, jit.UDP, jit.AnyProtocol}).Draw(t, "protocol"),
			}
		})
		source := rapid.Custom(func(t *rapid.T) netip.Prefix {
			a := netip.AddrFrom4([4]byte{203, 0, 113, rapid.Byte().Draw(t, "last")})
			return netip.PrefixFrom(a, rapid.IntRange(26, 32).Draw(t, "bits")).Masked()
		})
		return jit.Extent{
			Ports: rapid.SliceOfN(port, 1, 3).Draw(t, "ports"), Sources: rapid.SliceOfN(source, 1, 3).Draw(t, "sources"),
			Duration: time.Duration(rapid.IntRange(1, 120).Draw(t, "minutes")) * time.Minute,
		}
	})
}

// lets reports whether the extent lets a packet in.
func lets(e jit.Extent, port uint16, protocol jit.Protocol, from netip.Addr) bool {
	return slices.ContainsFunc(e.Ports, func(p jit.Ports) bool { return p.From <= port && port <= p.To && p.Protocol.Covers(protocol) }) &&
		slices.ContainsFunc(e.Sources, func(s netip.Prefix) bool { return s.Contains(from) })
}

// What both allow is, packet by packet, what each does.
func TestMeetIsWhatBothAllow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := extents().Draw(t, "a"), extents().Draw(t, "b")
		both := a.Meet(b)
		if both.Duration != min(a.Duration, b.Duration) {
			t.Fatalf("for %s", both.Duration)
		}
		from := netip.AddrFrom4([4]byte{203, 0, 113, rapid.Byte().Draw(t, "last")})
		for port := uint16(19); port < 32; port++ {
			for _, protocol := range []jit.Protocol{jit.TCP, jit.UDP} {
				if got, want := lets(both, port, protocol, from), lets(a, port, protocol, from) && lets(b, port, protocol, from); got != want {
					t.Fatalf("%d/%s from %s: %t, want %t; both are %s", port, protocol, from, got, want, both)
				}
			}
		}
	})
}

// However many approve with whatever less, in whatever order, what is opened was asked
// for, and each of them accepted it.
func TestTermsThatAllAccepted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := jittest.NewGrant()
		asked := extents().Draw(t, "asked")
		g.Request = g.Request.With(asked)
		g, _, err := g.Wait(jittest.Asker, []string{"S1"}, 3, jittest.Start.Add(time.Hour), jittest.Start)
		if err != nil {
			t.Fatal(err)
		}
		accepted := map[jit.UserID]jit.Extent{}
		for range rapid.IntRange(1, 8).Draw(t, "clicks") {
			by := rapid.SampledFrom([]jit.Person{jittest.Asker, bob, carol, {ID: "U8", Entra: "8"}}).Draw(t, "by")
			less := extents().Draw(t, "less")
			if rapid.Bool().Draw(t, "some of it") {
				less = asked.Meet(less)
			}
			next, e, err := g.ApproveLess(by, less, jittest.Start)
			if rapid.Bool().Draw(t, "all of it") {
				less = g.Request.Extent()
				next, e, err = g.Approve(by, jittest.Start)
			}
			if err != nil {
				if !reflect.DeepEqual(next, g) || e.Kind != "" {
					t.Fatalf("refused with %v, it changed", err)
				}
				continue
			}
			if told := slices.Contains(e.Tell(), jit.ToRequester); told == next.Request.Extent().Equal(g.Request.Extent()) {
				t.Fatalf("from %s to %s, whoever asked was told: %t", g.Request.Extent(), next.Request.Extent(), told)
			}
			accepted[by.ID] = less
			g = next
		}
		now := g.Request.Extent()
		if more := now.Wider(asked); more != "" {
			t.Fatalf("%s is more than was asked for: %s", now, more)
		}
		for _, a := range g.Approvals {
			if more := now.Wider(accepted[a.By.ID]); more != "" {
				t.Fatalf("%s accepted %s, not %s", a.By.ID, accepted[a.By.ID], now)
			}
		}
		if got := g.Request.AsAsked().Extent(); !got.Equal(asked) {
			t.Fatalf("asked were %s, kept is %s", asked, got)
		}
	})
}

func TestLessIsRefused(t *testing.T) {
	g := jittest.NewGrant()
	g.Request = g.Request.With(jit.Extent{
		Ports: []jit.Ports{jittest.TCP(22, 22), jittest.TCP(8000, 8010)}, Sources: jittest.Prefixes("198.51.100.0/24"), Duration: 2 * time.Hour,
	})
	g, _, err := g.Wait(jittest.Asker, []string{"S1"}, 2, jittest.Start.Add(time.Hour), jittest.Start)
	if err != nil {
		t.Fatal(err)
	}
	extent := func(d time.Duration, port jit.Ports, source string) jit.Extent {
		return jit.Extent{Ports: []jit.Ports{port}, Sources: jittest.Prefixes(source), Duration: d}
	}
	ssh, in := jittest.TCP(22, 22), "198.51.100.7/32"
	narrowed, _, err := g.ApproveLess(bob, extent(time.Hour, ssh, "198.51.100.0/25"), jittest.Start)
	if err != nil || narrowed.Request.Duration != time.Hour || len(narrowed.Request.Ports) != 1 {
		t.Fatalf("less: %+v, %v", narrowed.Request, err)
	}
	for name, tt := range map[string]struct {
		g    jit.Grant
		by   jit.Person
		less jit.Extent
		kind error
		says string
	}{
		"nothing":                  {g, bob, jit.Extent{}, jit.ErrInput, "leaves nothing"},
		"no time":                  {g, bob, extent(0, ssh, in), jit.ErrInput, "leaves nothing"},
		"longer":                   {g, bob, extent(2*time.Hour+1, ssh, in), jit.ErrInput, "more than"},
		"another port":             {g, bob, extent(time.Hour, jittest.TCP(23, 23), in), jit.ErrInput, "port 23 is more"},
		"a port beside a range":    {g, bob, extent(time.Hour, jittest.TCP(8000, 8011), in), jit.ErrInput, "more than"},
		"another protocol":         {g, bob, extent(time.Hour, jit.Ports{From: 22, To: 22, Protocol: jit.UDP}, in), jit.ErrInput, "more than"},
		"a wider source":           {g, bob, extent(time.Hour, ssh, "198.51.100.0/23"), jit.ErrInput, "more than"},
		"of the other family":      {g, bob, extent(time.Hour, ssh, "2001:db8::7/128"), jit.ErrInput, "more than"},
		"by whoever asked":         {g, jittest.Asker, extent(time.Hour, ssh, in), jit.ErrAuthority, "yourself"},
		"twice":                    {narrowed, bob, extent(time.Minute, ssh, in), jit.ErrStale, "already approved"},
		"nothing of what is left":  {narrowed, carol, extent(time.Hour, jittest.TCP(8000, 8010), in), jit.ErrStale, "meanwhile"},
		"another half of a source": {narrowed, carol, extent(time.Hour, ssh, "198.51.100.128/25"), jit.ErrStale, "meanwhile"},
	} {
		got, e, err := tt.g.ApproveLess(tt.by, tt.less, jittest.Start)
		if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.says) || e.Kind != "" || !reflect.DeepEqual(got, tt.g) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What more was asked for than is left is no widening: the less of both holds.
	last, _, err := narrowed.ApproveLess(carol, extent(90*time.Minute, ssh, in), jittest.Start)
	if err != nil || last.State != jit.Opening || last.Request.Duration != time.Hour || !slices.Equal(last.Request.Sources, jittest.Prefixes(in)) {
		t.Errorf("the last: %+v, %v", last.Request, err)
	}
}
