package reach

import (
	"fmt"
	"math"

	"jitbot/jit/ipset"
)

// Breadth is how many can use an opening.
type Breadth struct {
	Rank  int    // wider is higher
	Words string // Any, Internet, or the ranges and their size
}

// maxBut is how many ranges may be left out of what is called all but them.
const maxBut = 3

const (
	rankInternet = 64 + iota
	rankAny
)

// breadth measures who gets in. Of IPv6 a /64 ranks like one address of IPv4,
// since that is what one place has.
func (ev evaluator) breadth(r decision) Breadth {
	a := r.packets.Sources
	if r.answer == AnswerUnknown {
		return Breadth{rankOf(a), "whom it cannot be told"}
	}
	for _, all := range []ipset.Addresses{ipset.AllIPv4(), ipset.AllIPv6()} {
		for _, b := range []struct {
			Breadth
			who ipset.Addresses
		}{{Breadth{rankAny, "Any"}, all}, {Breadth{rankInternet, "Internet"}, ev.tags.Internet.Sure.Intersect(all)}} {
			left := b.who.Subtract(a)
			if len(left) == 0 {
				return b.Breadth
			}
			if len(left) <= maxBut && 2*size(left) < size(b.who) {
				return Breadth{rankInternet - 1, b.Words + " but " + ev.sourcesText(left)}
			}
		}
	}
	words := ev.sourcesText(a) + " (" + sizeText(a)
	if len(a.Subtract(ev.tags.VirtualNetwork.Sure.Union(ipset.PrivateSpace()))) == 0 {
		words += ", inside"
	}
	return Breadth{rankOf(a), words + ")"}
}

func rankOf(a ipset.Addresses) int {
	bits := func(a ipset.Addresses) int { return int(math.Log2(max(1, size(a)))) }
	return min(max(bits(a.Intersect(ipset.AllIPv4())), bits(a.Intersect(ipset.AllIPv6()))-64), rankInternet-1)
}

func size(a ipset.Addresses) float64 {
	n := 0.0
	for _, s := range a {
		from, between := s.From.AsSlice(), 0.0
		for i, b := range s.To.AsSlice() {
			between = between*256 + float64(int(b)-int(from[i])) // exact where both begin alike
		}
		n += between + 1
	}
	return n
}

// sizeText counts addresses as people do.
func sizeText(a ipset.Addresses) string {
	n := size(a)
	switch {
	case n <= 1:
		return "one address"
	case n < 1e4:
		return fmt.Sprintf("%.0f addresses", n)
	case n < 1e6:
		return fmt.Sprintf("about %.0f thousand addresses", n/1e3)
	case n < 1e9:
		return fmt.Sprintf("about %.0f million addresses", n/1e6)
	case n < 1e12:
		return fmt.Sprintf("about %.1f billion addresses", n/1e9)
	default:
		return fmt.Sprintf("about 2^%.0f addresses", math.Log2(n))
	}
}
