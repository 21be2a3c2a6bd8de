package bolt

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"

	"jitbot/store"
)

// The parts of bbolt's file format that following a page depends on: a page
// begins with id (8), flags (2), count (2), overflow (4); then come elements of
// 16 bytes; offsets count from the element. Numbers are in the machine's order.
const (
	pageHead    = 16
	elementSize = 16
	headSize    = 64 // of a meta record, with its checksum

	flagBranch   = 0x01
	flagLeaf     = 0x02
	flagFreelist = 0x10
	flagBucket   = 0x01 // of a leaf element

	boltMagic   = 0xED0CDAED
	boltVersion = 2
)

// metaPage is a meta record: where everything else is.
type metaPage struct {
	page, root, freelist, top, tx uint64
}

// pageReader reads the pages of a bbolt file without trusting them. It reads
// through the file, never through a map, and looks at each page once, so it
// neither faults nor goes in circles.
type pageReader struct {
	r    io.ReaderAt
	page uint64   // bytes
	top  uint64   // pages from here on do not exist
	seen []uint64 // bit set of pages
	buf  []byte
}

// inspect checks that the newest state of the file is one that bbolt can walk:
// both heads whole, every page there, of the right kind, reached once, its keys
// in order, the free list apart. ErrForeign when it is no bbolt file at all,
// ErrCorrupt when it was one.
//
// A head that is damaged is refused although bbolt would go on with the other:
// the other lacks the last transaction, which may have been answered.
func inspect(ctx context.Context, r io.ReaderAt, size int64) error {
	var raw [pageHead + headSize]byte
	if _, err := r.ReadAt(raw[:], 0); err != nil {
		return fmt.Errorf("%w: shorter than a page", store.ErrForeign)
	}
	if binary.NativeEndian.Uint32(raw[pageHead:]) != boltMagic {
		return headless(r, size)
	}
	first, err := readMeta(raw[pageHead:])
	if err != nil {
		return err
	}
	if _, err := r.ReadAt(raw[:], int64(first.page)); err != nil {
		return fmt.Errorf("%w: cut off in its second page", store.ErrCorrupt)
	}
	newest, err := readMeta(raw[pageHead:])
	if err != nil {
		return err
	}
	if newest.page != first.page {
		return fmt.Errorf("%w: its heads disagree", store.ErrCorrupt)
	}
	if first.tx > newest.tx {
		newest = first
	}
	if newest.top > uint64(size)/newest.page {
		return fmt.Errorf("%w: cut off, %d bytes of %d are there", store.ErrCorrupt, size, newest.top*newest.page)
	}
	m := newPageReader(r, newest.page, newest.top)
	if err := m.walk(ctx, newest.root); err != nil {
		return err
	}
	return m.free(newest.freelist)
}

// headless tells a damaged store from a file of something else by the second
// head, which lies after the first page, of whatever size.
func headless(r io.ReaderAt, size int64) error {
	var raw [headSize]byte
	for at := int64(1024); at < size && at <= 1<<16; at *= 2 {
		if _, err := r.ReadAt(raw[:], at+pageHead); err != nil {
			break
		}
		if binary.NativeEndian.Uint32(raw[:]) == boltMagic {
			return fmt.Errorf("%w: its first page is gone", store.ErrCorrupt)
		}
	}
	return fmt.Errorf("%w: it does not begin like one", store.ErrForeign)
}

func newPageReader(r io.ReaderAt, page, top uint64) *pageReader {
	m := &pageReader{r: r, page: page, top: top, seen: make([]uint64, top/64+1), buf: make([]byte, page)}
	m.seen[0] = 3 // the heads
	return m
}

func readMeta(raw []byte) (metaPage, error) {
	n := binary.NativeEndian
	sum := fnv.New64a()
	_, _ = sum.Write(raw[:headSize-8]) // a hash takes everything
	if n.Uint32(raw) != boltMagic || n.Uint64(raw[headSize-8:]) != sum.Sum64() {
		return metaPage{}, fmt.Errorf("%w: one of its two heads is no good", store.ErrCorrupt)
	}
	if v := n.Uint32(raw[4:]); v != boltVersion {
		return metaPage{}, fmt.Errorf("%w: bbolt format %d", store.ErrForeign, v)
	}
	h := metaPage{
		page: uint64(n.Uint32(raw[8:])), root: n.Uint64(raw[16:]), freelist: n.Uint64(raw[32:]),
		top: n.Uint64(raw[40:]), tx: n.Uint64(raw[48:]),
	}
	if h.page < 512 || h.page > 1<<24 || h.page&(h.page-1) != 0 {
		return metaPage{}, fmt.Errorf("%w: pages of %d bytes", store.ErrCorrupt, h.page)
	}
	return h, nil
}

// walk looks at every page that can be reached from root.
func (m *pageReader) walk(ctx context.Context, root uint64) error {
	todo := []branch{{id: root}}
	for len(todo) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		next := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		p, err := m.load(next.id)
		if err != nil {
			return err
		}
		more, err := children(p, next)
		if err == nil && next.id != root && empty(p) {
			err = fmt.Errorf("no elements") // bbolt never writes one
		}
		if err != nil {
			return fmt.Errorf("%w: page %d: %w", store.ErrCorrupt, next.id, err)
		}
		todo = append(todo, more...)
	}
	return nil
}

func empty(page []byte) bool { return binary.NativeEndian.Uint16(page[10:]) == 0 }

// load reads a page with its overflow and marks it as seen. The bytes are good
// until the next load.
func (m *pageReader) load(id uint64) ([]byte, error) {
	if id < 2 || id >= m.top {
		return nil, fmt.Errorf("%w: page %d does not exist", store.ErrCorrupt, id)
	}
	at := int64(id * m.page)
	if _, err := m.r.ReadAt(m.buf[:m.page], at); err != nil {
		return nil, fmt.Errorf("%w: reading page %d: %w", store.ErrCorrupt, id, err)
	}
	if n := binary.NativeEndian.Uint64(m.buf); n != id {
		return nil, fmt.Errorf("%w: page %d says it is page %d", store.ErrCorrupt, id, n)
	}
	length := uint64(binary.NativeEndian.Uint32(m.buf[12:])) + 1
	if length > m.top-id {
		return nil, fmt.Errorf("%w: page %d is longer than the file", store.ErrCorrupt, id)
	}
	for i := id; i < id+length; i++ {
		if !m.mark(i) {
			return nil, fmt.Errorf("%w: page %d is used twice", store.ErrCorrupt, i)
		}
	}
	if size := length * m.page; size > m.page {
		if uint64(len(m.buf)) < size {
			m.buf = make([]byte, size)
		}
		if _, err := m.r.ReadAt(m.buf[:size], at); err != nil {
			return nil, fmt.Errorf("%w: reading page %d: %w", store.ErrCorrupt, id, err)
		}
	}
	return m.buf[:length*m.page], nil
}

// mark notes a page, false when it was seen before.
func (m *pageReader) mark(id uint64) bool {
	bit := uint64(1) << (id % 64)
	if m.seen[id/64]&bit != 0 {
		return false
	}
	m.seen[id/64] |= bit
	return true
}

// free checks the list of pages that bbolt will write over next: none may be in
// use.
func (m *pageReader) free(id uint64) error {
	p, err := m.load(id)
	if err != nil {
		return err
	}
	n := binary.NativeEndian
	if n.Uint16(p[8:]) != flagFreelist {
		return fmt.Errorf("%w: page %d is not the free list", store.ErrCorrupt, id)
	}
	count, at := uint64(n.Uint16(p[10:])), uint64(pageHead)
	if count == 0xFFFF { // too many for the field: the first entry is the count
		count, at = n.Uint64(p[at:]), at+8
	}
	if count > (uint64(len(p))-at)/8 {
		return fmt.Errorf("%w: the free list is longer than its page", store.ErrCorrupt)
	}
	for i := range count {
		page := n.Uint64(p[at+8*i:])
		if page < 2 || page >= m.top || !m.mark(page) {
			return fmt.Errorf("%w: page %d is free and in use", store.ErrCorrupt, page)
		}
	}
	return nil
}
