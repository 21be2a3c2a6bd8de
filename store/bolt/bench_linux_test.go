package bolt_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/store/bolt"
)

// The disk's own speed changes from minute to minute, so each benchmark is
// compared with the least that durability costs, in the same run.

// floor writes a page to a file and waits until it is durable.
type floor struct {
	f    *os.File
	page []byte
}

func newFloor(b *testing.B) *floor {
	f, err := os.Create(filepath.Join(b.TempDir(), "floor"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = f.Close() })
	return &floor{f: f, page: make([]byte, 4096)}
}

func (f *floor) write(b *testing.B) time.Duration {
	from := time.Now()
	_, err := f.f.WriteAt(f.page, 0)
	if err == nil {
		err = syscall.Fdatasync(int(f.f.Fd()))
	}
	if err != nil {
		b.Fatal(err)
	}
	return time.Since(from)
}

func benched(b *testing.B, dir string) *bolt.Store {
	s, err := bolt.Open(b.Context(), filepath.Join(dir, "jitbot.db"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s
}

func asked(b *testing.B, s *bolt.Store, id jit.ID) {
	g, e := jit.NewGrant(id, jit.Request{At: b0(), Reason: "disk is full", Duration: time.Hour, Targets: []jit.Target{{VM: "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/web1"}}})
	if err := s.Create(b.Context(), g, e); err != nil {
		b.Fatal(err)
	}
}

// turn is a transition that can be made for ever, with its event.
func turn(s *bolt.Store, id jit.ID) error {
	_, err := s.Update(context.Background(), id, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
		g.Revision++
		g.Request.At = g.Request.At.Add(1) // moves in the index
		return g, []jit.Event{{At: b0(), Kind: jit.EventHeld, Grant: id, Text: "still waiting"}}, nil
	})
	return err
}

// BenchmarkTransition is one transition at a time; x/fdatasync is its median
// over that of a durable page.
func BenchmarkTransition(b *testing.B) {
	s, least := benched(b, b.TempDir()), newFloor(b)
	asked(b, s, "g-22222")
	var ours, floors []time.Duration
	for b.Loop() {
		floors = append(floors, least.write(b))
		from := time.Now()
		if err := turn(s, "g-22222"); err != nil {
			b.Fatal(err)
		}
		ours = append(ours, time.Since(from))
	}
	b.ReportMetric(float64(median(ours))/float64(median(floors)), "x/fdatasync")
	b.ReportMetric(float64(median(ours)), "ns/transition")
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// BenchmarkGroupCommit is 64 writers at once, in rounds of 8 transitions each;
// writes/fdatasync is how many transitions are stored in the time of one
// durable page.
func BenchmarkGroupCommit(b *testing.B) {
	s, least := benched(b, b.TempDir()), newFloor(b)
	const writers, each = 64, 8
	for i := range writers {
		asked(b, s, jit.ID(fmt.Sprint("g-", i)))
	}
	var ours, floors []time.Duration
	for b.Loop() {
		for range 8 {
			floors = append(floors, least.write(b))
		}
		from := time.Now()
		var all sync.WaitGroup
		for i := range writers {
			all.Go(func() {
				for range each {
					if err := turn(s, jit.ID(fmt.Sprint("g-", i))); err != nil {
						b.Error(err)
					}
				}
			})
		}
		all.Wait()
		ours = append(ours, time.Since(from))
	}
	round := median(ours)
	b.ReportMetric(writers*each*float64(median(floors))/float64(round), "writes/fdatasync")
	b.ReportMetric(writers*each/round.Seconds(), "writes/s")
}

// BenchmarkOpen opens a store of 10,000 open grants, inspecting its pages, and
// finds what is due.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	s := benched(b, dir)
	var all sync.WaitGroup
	for w := range 64 {
		all.Go(func() {
			for i := w; i < 10_000; i += 64 {
				if err := life(s, jit.ID(fmt.Sprint("g-", i))); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := bolt.Open(b.Context(), filepath.Join(dir, "jitbot.db"), bolt.Options{})
		if err != nil {
			b.Fatal(err)
		}
		due, err := s.Due(b.Context(), time.Now().Add(time.Hour))
		if err != nil || len(due) != 10_000 {
			b.Fatalf("%d due, %v", len(due), err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
