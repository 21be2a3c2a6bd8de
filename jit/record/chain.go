package record

import (
	"context"
	"fmt"
	"iter"

	"jitbot/jit"
)

// Chain checks lines one after the other, from the first.
type Chain struct {
	Anchor Anchor // what must lie in it; zero: nothing
	last   jit.Event
}

// Behind is a chain that goes on behind a line which is taken as good; the zero Anchor is
// that before the first.
func Behind(line Anchor) Chain { return Chain{last: jit.Event{Seq: line.Seq, Hash: line.Hash}} }

// Add checks that the line comes next. ErrBroken otherwise, which names the first bad
// line.
func (c *Chain) Add(e jit.Event) error {
	if e.Seq != c.last.Seq+1 {
		return fmt.Errorf("%w: line %d is missing, and line %d is in its place", ErrBroken, c.last.Seq+1, e.Seq)
	}
	if err := Follows(e, c.last); err != nil {
		return err
	}
	if e.Seq == c.Anchor.Seq && e.Hash != c.Anchor.Hash {
		return fmt.Errorf("%w: line %d is not the one of the anchor, so it or a line before it was written anew", ErrBroken, e.Seq)
	}
	c.last = jit.Event{Seq: e.Seq, Hash: e.Hash}
	return nil
}

// Last is the anchor of the last line that was added.
func (c *Chain) Last() Anchor { return At(c.last) }

// End checks that no line is missing behind the last: none up to the anchor, and none
// up to the last that the store counts, which is zero where nobody knows. ErrBroken
// otherwise.
func (c *Chain) End(counted Anchor) error {
	if c.Anchor.Seq > c.last.Seq {
		return fmt.Errorf("%w: line %d is missing, and the anchor proves that there were %d", ErrBroken, c.last.Seq+1, c.Anchor.Seq)
	}
	if counted.Seq > c.last.Seq {
		return fmt.Errorf("%w: line %d is missing, and the store counts %d", ErrBroken, c.last.Seq+1, counted.Seq)
	}
	return nil
}

// Verify checks all lines. It gives the last good one, and ErrBroken for the first bad
// one; other errors are those of reading.
func Verify(lines iter.Seq2[jit.Event, error], anchor Anchor) (Anchor, error) {
	c := Chain{Anchor: anchor}
	for e, err := range lines {
		if err == nil {
			err = c.Add(e)
		}
		if err != nil {
			return c.Last(), err
		}
	}
	return c.Last(), c.End(Anchor{})
}

// readAtOnce is how many lines are held at a time.
const readAtOnce = 1000

// Read gives the lines after a number, a page at a time; a page is read by events, as
// of a store.
func Read(
	ctx context.Context, after uint64, events func(ctx context.Context, after uint64, limit int) ([]jit.Event, error),
) iter.Seq2[jit.Event, error] {
	return func(yield func(jit.Event, error) bool) {
		last := after // each walk begins anew
		for {
			page, err := events(ctx, last, readAtOnce)
			for _, e := range page {
				if last = e.Seq; !yield(e, nil) {
					return
				}
			}
			if err != nil {
				yield(jit.Event{Seq: last + 1}, err)
				return
			}
			if len(page) == 0 {
				return
			}
		}
	}
}
