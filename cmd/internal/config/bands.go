package config

import (
	"fmt"

	"jitbot/jit/policies"
)

// namedBand is a band under the key it is written at.
type namedBand struct {
	key string
	policies.Band
}

func (n namedBand) String() string { return fmt.Sprintf("[%d, %d]", n.From, n.To) }

// bands reads which priorities rules of ours have.
func bands(s *section) policies.Bands {
	var good []namedBand
	read := func(key string, from, to int) policies.Band {
		b, ok := s.band(key, policies.Band{From: from, To: to})
		if ok {
			good = append(good, namedBand{key, b})
		}
		return b
	}
	b := policies.Bands{
		Allow:        read("allow", 100, 249),
		DenyOverride: read("deny_override", 250, 299),
		DenyRespect:  read("deny_respect", 3900, 4096),
	}
	for i, one := range good {
		for _, other := range good[:i] {
			s.besideBand(one, other)
		}
	}
	s.close()
	return b
}

// besideBand reports bands that cannot stand together; allow comes as other.
func (s *section) besideBand(one, other namedBand) {
	at, with, order := one, other, "stands before"
	if !s.has(at.key) {
		at, with, order = other, one, "stands after" // a default is not at fault
	}
	switch {
	case one.Overlaps(other.Band):
		s.fault(at.key, "%s overlaps %s, which is %s; write bands that share no priority", at, with.key, with)
	case other.key == "allow" && one.From < other.From:
		s.fault(at.key, "%s %s %s, which is %s: denies there would shut out whoever was granted access;"+
			" write bands of denies that begin after allow ends",
			at, order, with.key, with)
	}
}

// band takes two priorities; not ok is a fault.
func (s *section) band(key string, def policies.Band) (b policies.Band, ok bool) {
	if s.values[key] == nil {
		s.take(key)
		return def, true
	}
	items := s.items(key)
	if len(items) != 2 {
		s.fault(key, "needs two priorities; write the first and the last, such as [%d, %d]", def.From, def.To)
		return def, false
	}
	from, ok := s.whole(items[0].node, items[0].path, 100, 4096)
	to, ok2 := s.whole(items[1].node, items[1].path, 100, 4096)
	switch {
	case !ok || !ok2:
		return def, false
	case from > to:
		s.fault(key, "[%d, %d] runs backwards; write the smaller priority first", from, to)
		return def, false
	}
	return policies.Band{From: from, To: to}, true
}
