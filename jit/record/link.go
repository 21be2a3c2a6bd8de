package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"jitbot/jit"
)

// Link gives the event its place after prev (the zero Event for the first) and
// its hash.
func Link(e, prev jit.Event) (jit.Event, error) {
	e.Seq, e.Prev = prev.Seq+1, prev.Hash
	h, err := sum(e)
	if err != nil {
		return jit.Event{}, err
	}
	e.Hash = h
	return e, nil
}

func sum(e jit.Event) (string, error) {
	e.Hash = ""
	b, err := json.Marshal(e)
	if err != nil {
		return "", fmt.Errorf("hashing event %d: %w", e.Seq, err)
	}
	// What is not text becomes U+FFFD: escaped now, plain when it was read back.
	b = bytes.ReplaceAll(b, []byte(`\ufffd`), []byte("\uFFFD"))
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:]), nil
}

// ErrBroken means that the record was altered.
var ErrBroken = errors.New("the record's chain is broken")

// Follows checks that the event is unaltered and comes right after prev (the
// zero Event for the first). ErrBroken otherwise.
func Follows(e, prev jit.Event) error {
	if e.Seq != prev.Seq+1 || e.Prev != prev.Hash {
		return fmt.Errorf("%w: line %d does not follow line %d", ErrBroken, e.Seq, prev.Seq)
	}
	h, err := sum(e)
	if err != nil {
		return err
	}
	if h != e.Hash {
		return fmt.Errorf("%w: line %d was altered", ErrBroken, e.Seq)
	}
	return nil
}
