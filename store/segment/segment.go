package segment

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"jitbot/jit"
	"jitbot/jit/record"
	"jitbot/store"
)

// extension ends the name of a segment.
const extension = ".jsonl.zst"

// temporary begins the name of one that is being written.
const temporary = ".sealing-"

// Dir is the folder of the segments of a store.
func Dir(store string) string { return store + ".record" }

// Write seals the lines, which follow the one of prev, in a file of the folder that is named
// after the month, such as 2026-11. The file has its name only once it is whole: it was read
// back and is on the disk. One that is there already is left as it is; if it is the same, as
// after a crash or where an older copy of the store seals once more, it is the answer, else
// the new one has a number behind the month.
func Write(dir, month string, prev record.Anchor, lines iter.Seq2[jit.Event, error]) (record.Segment, error) {
	if err := prepare(dir); err != nil {
		return record.Segment{}, err
	}
	f, err := os.CreateTemp(dir, temporary+"*") // 0600
	if err != nil {
		return record.Segment{}, fmt.Errorf("creating a segment of the record: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // has another name by then where all went well
	s, err := compress(f, prev, lines)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return record.Segment{}, fmt.Errorf("writing a segment of the record: %w", err)
	}
	s.Name = filepath.Base(f.Name())
	if err := verify(dir, s); err != nil {
		return record.Segment{}, fmt.Errorf("reading a segment of the record back: %w", err)
	}
	for n := 1; ; n++ {
		name := month + extension
		if n > 1 {
			name = fmt.Sprintf("%s-%d%s", month, n, extension)
		}
		_, err := os.Lstat(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) { // nobody else writes here: whoever has the store does
			s.Name = name
			return s, place(dir, f.Name(), name)
		}
		if err != nil {
			return record.Segment{}, fmt.Errorf("looking for a segment of the record: %w", err)
		}
		same := s
		same.Name = name
		if verify(dir, same) == nil {
			return same, nil
		}
	}
}

// prepare makes the folder, and removes what a crash left half written.
func prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("creating the folder of the record's segments: %w", err)
	}
	if err := store.SyncName(dir); err != nil {
		return err
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("reading the folder of the record's segments: %w", err)
	}
	for _, one := range left {
		if strings.HasPrefix(one.Name(), temporary) {
			if err := os.Remove(filepath.Join(dir, one.Name())); err != nil {
				return fmt.Errorf("removing a segment that was not finished: %w", err)
			}
		}
	}
	return nil
}

func place(dir, from, name string) error {
	if err := os.Rename(from, filepath.Join(dir, name)); err != nil {
		return fmt.Errorf("giving a segment of the record its name: %w", err)
	}
	return store.SyncName(filepath.Join(dir, name))
}

func compress(to io.Writer, prev record.Anchor, lines iter.Seq2[jit.Event, error]) (record.Segment, error) {
	s := record.Segment{First: prev.Seq + 1, Prev: prev.Hash}
	sum := sha256.New()
	out, err := zstd.NewWriter(io.MultiWriter(to, sum), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return s, fmt.Errorf("compressing: %w", err)
	}
	chain := record.Behind(prev)
	for e, err := range lines {
		if err == nil {
			err = chain.Add(e)
		}
		var line []byte
		if err == nil {
			line, err = record.Line(e)
		}
		if err == nil {
			_, err = out.Write(line)
		}
		if err != nil {
			return s, errors.Join(err, out.Close())
		}
	}
	if err := out.Close(); err != nil {
		return s, fmt.Errorf("compressing: %w", err)
	}
	s.Last, s.Hash, s.Sum = chain.Last().Seq, chain.Last().Hash, hex.EncodeToString(sum.Sum(nil))
	if s.Last < s.First {
		return s, errors.New("there is no line to seal")
	}
	return s, nil
}

// verify reads all of a segment.
func verify(dir string, s record.Segment) error {
	chain := record.Behind(s.Before())
	for e, err := range Lines(dir, s) {
		if err == nil {
			err = chain.Add(e)
		}
		if err != nil {
			return err
		}
	}
	return chain.End(s.End())
}

// Lines are those of a segment, in order; each walk reads the file anew, and keeps a part of
// it at a time. An error that is record.ErrBroken says that the file is not there, or not the
// one that was sealed; it may come after lines.
func Lines(dir string, s record.Segment) iter.Seq2[jit.Event, error] {
	return func(yield func(jit.Event, error) bool) {
		if err := read(dir, s, yield); err != nil && !errors.Is(err, errEnough) {
			yield(jit.Event{}, fmt.Errorf("the segment %s of the record: %w", s.Name, err))
		}
	}
}

// errEnough ends a walk that nobody wants more of.
var errEnough = errors.New("enough")

// read gives the lines on, and the error that ends them early.
func read(dir string, s record.Segment, yield func(jit.Event, error) bool) error {
	if s.Name != filepath.Base(s.Name) {
		return fmt.Errorf("%w: its name leads elsewhere", record.ErrBroken)
	}
	f, err := os.Open(filepath.Join(dir, s.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: it is not in %s, and lines %d to %d are in it", record.ErrBroken, dir, s.First, s.Last)
	}
	if err != nil {
		return err //nolint:wrapcheck // the caller says of which
	}
	defer f.Close() //nolint:errcheck // only read from
	whole := &summed{from: f, sum: sha256.New()}
	in, err := zstd.NewReader(whole, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return err //nolint:wrapcheck // the caller says of which
	}
	defer in.Close()
	last := s.First - 1
	for e, err := range record.Lines(in) {
		if err != nil {
			return asBroken(err)
		}
		if last = e.Seq; !yield(e, nil) {
			return errEnough
		}
	}
	return whole.end(s, last)
}

// maxWindow is the most that a segment may make a reader keep, in bytes.
const maxWindow = 32 << 20

// asBroken is what a compressed file says that was changed.
func asBroken(err error) error {
	if errors.Is(err, record.ErrBroken) {
		return err
	}
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return err // the disk's
	}
	return fmt.Errorf("%w: %w", record.ErrBroken, err)
}

// summed is a file whose bytes are summed as they are read.
type summed struct {
	from io.Reader
	sum  hash.Hash
}

// Read implements io.Reader.
func (s *summed) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	_, _ = s.sum.Write(p[:n]) // never fails
	return n, err             //nolint:wrapcheck // io.EOF among them
}

// end says whether the file is the one that was sealed.
func (s *summed) end(want record.Segment, last uint64) error {
	if _, err := io.Copy(io.Discard, s); err != nil {
		return err //nolint:wrapcheck // the caller says of which
	}
	if last != want.Last || hex.EncodeToString(s.sum.Sum(nil)) != want.Sum {
		return fmt.Errorf("%w: it is not the file that was sealed with lines %d to %d", record.ErrBroken, want.First, want.Last)
	}
	return nil
}
