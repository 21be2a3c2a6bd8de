package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"jitbot/jit"
)

// Line is the event as a line of an export: a JSON object with seq, at, kind, grant,
// actor, subject, vms, ports, sources, until, text, prev and hash, and its end.
func Line(e jit.Event) ([]byte, error) {
	raw, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encoding line %d: %w", e.Seq, err)
	}
	return append(raw, '\n'), nil
}

// ParseLine reads what Line wrote, its end included. Anything else is ErrBroken, also
// where it would be read as the same event.
func ParseLine(line []byte) (jit.Event, error) {
	var e jit.Event
	if err := json.Unmarshal(line, &e); err != nil {
		return jit.Event{}, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	again, err := Line(e)
	if err != nil {
		return jit.Event{}, err
	}
	if !bytes.Equal(line, again) {
		return jit.Event{}, fmt.Errorf("%w: line %d is not written as jitbot writes it", ErrBroken, e.Seq)
	}
	return e, nil
}

// maxLine is how many bytes a line has at most; nothing that jitbot wrote has more.
const maxLine = 16 << 20

// Lines reads an export. A line that cannot be read is ErrBroken and the last.
func Lines(r io.Reader) iter.Seq2[jit.Event, error] {
	return func(yield func(jit.Event, error) bool) {
		in := bufio.NewReaderSize(r, 1<<16)
		for n := uint64(1); ; n++ {
			e, err := nextLine(in, n)
			if errors.Is(err, io.EOF) || !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// nextLine reads the n-th line; io.EOF when there is none.
func nextLine(in *bufio.Reader, n uint64) (jit.Event, error) {
	line, err := readLine(in)
	switch end := errors.Is(err, io.EOF); {
	case end && len(line) == 0:
		return jit.Event{}, io.EOF
	case err != nil && !end:
		return jit.Event{}, fmt.Errorf("reading line %d: %w", n, err)
	}
	e, err := ParseLine(line)
	if err != nil {
		return e, fmt.Errorf("in the %d. line of the file: %w", n, err)
	}
	return e, nil
}

// readLine reads to the end of a line, which is in it.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
		if len(line) > maxLine {
			return nil, fmt.Errorf("%w: it has no end", ErrBroken)
		}
	}
}
