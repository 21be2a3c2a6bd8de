package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// branch is a page to look at, with the keys it must lie between: lo <= key,
// key < hi where not nil.
type branch struct {
	id     uint64
	lo, hi []byte
}

// children checks the elements of a tree page and lists the pages below.
func children(p []byte, self branch) ([]branch, error) {
	n := binary.NativeEndian
	kind, count, err := elements(p)
	if err != nil {
		return nil, err
	}
	if kind == flagBranch {
		p = bytes.Clone(p) // its keys bound the pages below, which are loaded over it
	}
	var out []branch
	var last []byte
	for i := range count {
		at := pageHead + i*elementSize
		key, value, err := element(p, at, kind)
		if err != nil {
			return nil, err
		}
		if !self.takes(key, last) {
			return nil, fmt.Errorf("element %d is out of order", i)
		}
		last = key
		switch {
		case kind == flagBranch:
			if len(out) > 0 {
				out[len(out)-1].hi = key
			}
			out = append(out, branch{id: n.Uint64(p[at+8:]), lo: key, hi: self.hi})
		case n.Uint32(p[at:])&flagBucket != 0:
			below, err := bucket(value)
			if err != nil {
				return nil, err
			}
			out = append(out, below...)
		}
	}
	return out, nil
}

// elements tells what kind of elements a tree page has and how many.
func elements(p []byte) (kind uint16, count int, err error) {
	n := binary.NativeEndian
	kind, count = n.Uint16(p[8:]), int(n.Uint16(p[10:]))
	if kind != flagBranch && kind != flagLeaf {
		return 0, 0, fmt.Errorf("neither branch nor leaf")
	}
	if pageHead+count*elementSize > len(p) || kind == flagBranch && count == 0 {
		return 0, 0, fmt.Errorf("%d elements cannot be", count)
	}
	return kind, count, nil
}

// takes reports whether a key may stand below the branch and after last, which
// is nil for the first.
func (b branch) takes(key, last []byte) bool {
	if last != nil && bytes.Compare(key, last) <= 0 {
		return false
	}
	return bytes.Compare(key, b.lo) >= 0 && (b.hi == nil || bytes.Compare(key, b.hi) < 0)
}

// bucket lists the pages below a bucket, whose record is its root page and a
// sequence; with root 0 a small page follows in place.
func bucket(value []byte) ([]branch, error) {
	if len(value) < 16 {
		return nil, fmt.Errorf("a bucket without a root")
	}
	if root := binary.NativeEndian.Uint64(value); root != 0 {
		return []branch{{id: root}}, nil
	}
	inline := value[16:]
	if len(inline) < pageHead || binary.NativeEndian.Uint16(inline[8:]) != flagLeaf {
		return nil, fmt.Errorf("a bucket without a page")
	}
	return children(inline, branch{})
}

// element is the key of an element, and the value where it has one.
func element(p []byte, at int, kind uint16) (key, value []byte, err error) {
	n := binary.NativeEndian
	pos, keys, values := uint64(n.Uint32(p[at:])), uint64(n.Uint32(p[at+4:])), uint64(0)
	if kind == flagLeaf {
		pos, keys, values = uint64(n.Uint32(p[at+4:])), uint64(n.Uint32(p[at+8:])), uint64(n.Uint32(p[at+12:]))
	}
	from := uint64(at) + pos
	if from+keys+values > uint64(len(p)) {
		return nil, nil, fmt.Errorf("an element lies outside")
	}
	return p[from : from+keys], p[from+keys : from+keys+values], nil
}
