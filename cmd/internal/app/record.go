package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"jitbot/jit"
	"jitbot/jit/record"
	"jitbot/jit/resource"
	"jitbot/jit/rules"
	"jitbot/store/bolt"
	"jitbot/store/segment"
)

// Record is a record that can be read to its end.
type Record struct {
	Lines iter.Seq2[jit.Event, error]
	// Counted is the last line as the store counts it, the zero Anchor where nobody
	// does; with an error that is jit.ErrDamaged, the end was lost.
	Counted func() (record.Anchor, error)
	// Behind is the line that the first one follows, where those up to there are in
	// segments that are not at hand; else the zero Anchor.
	Behind record.Anchor
}

// Record is that of the bot, all of it: its segments too.
func (h *Host) Record(ctx context.Context) Record {
	return Record{
		Lines:   wholeRecord(ctx, h.segments, h.Sealed, h.Events),
		Counted: func() (record.Anchor, error) { return h.Last(ctx) },
	}
}

// ReadRecord gives f the record in a file: an export in JSON lines, or a store that no
// bot has open, such as a backup. The file stays as it is.
func ReadRecord(ctx context.Context, file string, f func(Record) error) error {
	in, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("opening the record: %w", err)
	}
	defer in.Close() //nolint:errcheck // only read from
	buffered := bufio.NewReader(in)
	first, err := buffered.Peek(1)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the record: %w", err)
	}
	if len(first) == 0 || first[0] == '{' {
		uncounted := func() (record.Anchor, error) { return record.Anchor{}, nil }
		return f(Record{Lines: linesOf(in), Counted: uncounted})
	}
	return readStore(ctx, buffered, segment.Dir(file), f)
}

// linesOf are those of an export, from the start each time.
func linesOf(in io.ReadSeeker) iter.Seq2[jit.Event, error] {
	return func(yield func(jit.Event, error) bool) {
		if _, err := in.Seek(0, io.SeekStart); err != nil {
			yield(jit.Event{}, fmt.Errorf("reading the record: %w", err))
			return
		}
		record.Lines(in)(yield)
	}
}

// readStore opens a copy of the store, so that one which belongs to somebody else, or
// may only be read, will do. Without the folder of its segments the record begins behind
// them.
func readStore(ctx context.Context, in io.Reader, segments string, f func(Record) error) (err error) {
	folder, err := os.MkdirTemp("", "jitbot-record-*") // 0700
	if err != nil {
		return fmt.Errorf("copying the store: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path := filepath.Join(folder, "jitbot.db")
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("copying the store: %w", err)
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("copying the store: %w", err)
	}
	s, err := bolt.Open(ctx, path, bolt.Options{})
	if err != nil {
		return err // a sentence already
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	counted := func() (record.Anchor, error) {
		e, err := s.Last(ctx)
		return record.At(e), err
	}
	sealed, err := s.Sealed(ctx)
	if err != nil {
		return fmt.Errorf("reading which segments there are: %w", err)
	}
	r := Record{Lines: wholeRecord(ctx, segments, s.Sealed, s.Events), Counted: counted}
	if _, err := os.Stat(segments); errors.Is(err, fs.ErrNotExist) && len(sealed) > 0 {
		r.Behind = sealed[len(sealed)-1].End()
		r.Lines = record.Read(ctx, r.Behind.Seq, s.Events)
	}
	return f(r)
}

// Compare holds the record against an export of Azure's activity log, and gives what
// is not alike.
func (r Record) Compare(file string) ([]string, error) {
	installations := map[string]bool{} // of the rules that were written; there may be others in the subscription
	w := record.Witness{Ours: func(name string) bool {
		n, ours := rules.ParseRuleName(strings.ToLower(name))
		return ours && (len(installations) == 0 || installations[n.Installation])
	}}
	for e, err := range r.Lines {
		if err != nil {
			return nil, err
		}
		w.Note(e)
		if n, ours := rules.ParseRuleName(strings.ToLower(resource.Name(e.Write.Resource))); ours {
			installations[n.Installation] = true
		}
	}
	log, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("opening the activity log: %w", err)
	}
	defer log.Close() //nolint:errcheck // only read from
	if err := record.Activities(log, w.See); err != nil {
		return nil, fmt.Errorf("comparing with %s: %w", file, err)
	}
	return w.Found(), nil
}

// Verify checks the whole record and gives its last line. What is wrong with it is
// record.ErrBroken and names the first bad line; other errors are those of reading.
func (r Record) Verify(anchor record.Anchor) (record.Anchor, error) {
	counted, countErr := r.Counted() // first: a bot writes on meanwhile
	if countErr != nil && !errors.Is(countErr, jit.ErrDamaged) {
		return record.Anchor{}, countErr
	}
	if anchor.Seq > 0 && anchor.Seq <= r.Behind.Seq && anchor != r.Behind {
		return record.Anchor{}, jit.Refuse(jit.ErrInput,
			"Line %s, that of the anchor, is in a sealed segment, and those are not beside the file; put the folder there that ends in .record.",
			fmt.Sprint(anchor.Seq))
	}
	c := record.Behind(r.Behind)
	c.Anchor = anchor
	for e, err := range r.Lines {
		if err == nil {
			err = c.Add(e)
		}
		if errors.Is(err, jit.ErrDamaged) {
			err = fmt.Errorf("%w: line %d: %w", record.ErrBroken, c.Last().Seq+1, err)
		}
		if err != nil {
			return c.Last(), err
		}
	}
	if countErr != nil {
		return c.Last(), fmt.Errorf("%w behind line %d: %w", record.ErrBroken, c.Last().Seq, countErr)
	}
	return c.Last(), c.End(counted)
}
