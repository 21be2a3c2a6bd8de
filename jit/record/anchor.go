package record

import (
	"encoding/hex"
	"strconv"
	"strings"

	"jitbot/jit"
)

// Anchor names a line of the record by its number and hash. Written down elsewhere, it
// proves that all lines up to there are as they were then. The zero Anchor is none.
type Anchor struct {
	Seq  uint64 `json:"seq"`
	Hash string `json:"hash"`
}

// At is the anchor of a line.
func At(e jit.Event) Anchor { return Anchor{Seq: e.Seq, Hash: e.Hash} }

// String is how an anchor is written down: 1234:9f86d0….
func (a Anchor) String() string { return strconv.FormatUint(a.Seq, 10) + ":" + a.Hash }

// ParseAnchor reads what String wrote.
func ParseAnchor(s string) (Anchor, error) {
	seq, hash, ok := strings.Cut(strings.TrimSpace(s), ":")
	n, err := strconv.ParseUint(seq, 10, 64)
	raw, hexErr := hex.DecodeString(hash)
	if !ok || err != nil || hexErr != nil || len(raw) != 32 || n == 0 {
		return Anchor{}, jit.Refuse(jit.ErrInput,
			"%s is no anchor; write the number and the hash that audit verify printed, such as 1234:9f86d0….", s)
	}
	return Anchor{Seq: n, Hash: strings.ToLower(hash)}, nil
}
