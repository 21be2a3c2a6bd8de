package ipset

import (
	"cmp"
	"strconv"
	"strings"
)

// Port is a port of TCP or UDP.
type Port int

// Compare orders ports by their number.
func (p Port) Compare(o Port) int { return cmp.Compare(p, o) }

// Next is the port above.
func (p Port) Next() Port { return p + 1 }

// Prev is the port below.
func (p Port) Prev() Port { return p - 1 }

// AllPorts are 0 to 65535.
func AllPorts() Set[Port] { return Set[Port]{{0, 65535}} }

// ParsePortRange reads *, a port or a range of them.
func ParsePortRange(word string) (Set[Port], bool) {
	if word == "*" {
		return AllPorts(), true
	}
	first, last, ranged := strings.Cut(word, "-")
	if !ranged {
		last = first
	}
	from, errFrom := strconv.Atoi(first)
	to, errTo := strconv.Atoi(last)
	if errFrom != nil || errTo != nil || from > to {
		return nil, false
	}
	return Set[Port]{{Port(from), Port(to)}}, true
}
