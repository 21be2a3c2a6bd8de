package record

// Segment is a part of the record that has left the store, sealed in a file of its own.
type Segment struct {
	Name  string `json:"name"`  // of its file
	First uint64 `json:"first"` // its first line
	Last  uint64 `json:"last"`
	Prev  string `json:"prev"` // hash of the line before the first; empty when there is none
	Hash  string `json:"hash"` // of the last line
	Sum   string `json:"sum"`  // SHA-256 of the file, in hexadecimal
}

// Before is the line before the first, the zero Anchor when there is none.
func (s Segment) Before() Anchor { return Anchor{Seq: s.First - 1, Hash: s.Prev} }

// End is the last line.
func (s Segment) End() Anchor { return Anchor{Seq: s.Last, Hash: s.Hash} }
