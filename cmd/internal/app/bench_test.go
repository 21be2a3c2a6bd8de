package app_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"jitbot/cmd/internal/app"
	"jitbot/jit"
	"jitbot/jit/record"
	"jitbot/store/bolt"
	"jitbot/store/segment"
)

// benchLines is how many lines the benchmarks' record has: some ten years of a busy
// installation.
const benchLines = 1_000_000

// BenchmarkRecord reads a record of a million lines, half of them sealed: seconds and the
// most memory in use, and the time as a multiple of that for hashing its bytes alone.
func BenchmarkRecord(b *testing.B) {
	path := filepath.Join(b.TempDir(), "jitbot.db")
	s, err := bolt.Open(b.Context(), path, bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	fill(b, s)
	if err := app.Seal(b.Context(), s, segment.Dir(path), keep, false, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).Add(keep)); err != nil {
		b.Fatal(err)
	}
	r := app.WholeRecord(b.Context(), s, segment.Dir(path))
	floor := hashing(b, r)
	b.Run("verify", func(b *testing.B) {
		measured(b, floor, func() error { _, err := r.Verify(record.Anchor{}); return err })
	})
	b.Run("export", func(b *testing.B) {
		measured(b, floor, func() error {
			for e, err := range r.Lines {
				if err != nil {
					return err
				}
				line, err := record.Line(e)
				if err != nil {
					return err
				}
				if _, err := io.Discard.Write(line); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// fill stores the lines, from January to April.
func fill(b *testing.B, s *bolt.Store) {
	b.Helper()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	batch := make([]jit.Event, 0, 1000)
	for n := range benchLines {
		batch = append(batch, jit.Event{
			At: at.Add(time.Duration(n) * 120 * day / benchLines), Kind: jit.EventOpened, Grant: grantID(n % 800),
			Actor: jit.Person{ID: "U0ADA", Entra: "ada@example.com"}, Text: fmt.Sprintf("open, for the reason %d", n),
			VMs: []string{"/subscriptions/s/resourceGroups/prod/providers/Microsoft.Compute/virtualMachines/web-1"},
		})
		if len(batch) < cap(batch) {
			continue
		}
		if err := s.Append(b.Context(), batch...); err != nil {
			b.Fatal(err)
		}
		batch = batch[:0]
	}
}

// hashing is the time that the lines' hashes take, whatever else is done.
func hashing(b *testing.B, r app.Record) time.Duration {
	b.Helper()
	var total time.Duration
	for e, err := range r.Lines {
		if err != nil {
			b.Fatal(err)
		}
		line, err := record.Line(e)
		if err != nil {
			b.Fatal(err)
		}
		begun := time.Now()
		sha256.Sum256(line)
		total += time.Since(begun)
	}
	return total
}

// measured runs f and reports its time, as it is and against the floor, and the most memory
// that was in use after a collection on the way.
func measured(b *testing.B, floor time.Duration, f func() error) {
	b.Helper()
	ended, most := make(chan struct{}), make(chan float64)
	go func() {
		var m runtime.MemStats
		peak := uint64(0)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapInuse)
			case <-ended:
				most <- float64(peak) / (1 << 20)
				return
			}
		}
	}()
	for b.Loop() {
		if err := f(); err != nil {
			b.Fatal(err)
		}
	}
	close(ended)
	each := b.Elapsed() / time.Duration(b.N)
	b.ReportMetric(<-most, "MiB")
	b.ReportMetric(each.Seconds(), "s/1M-lines")
	b.ReportMetric(float64(each)/float64(floor), "x-hashing")
}
