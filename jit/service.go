package jit

import (
	"time"
)

// Complete fills in the only port and the only single address, and narrows the
// limit to what the ports allow.
func (p Policy) Complete(a Ask, limit time.Duration) (Ask, time.Duration) {
	if len(a.Ports) == 0 && len(p.Ports) == 1 && p.Ports[0].Ports.From == p.Ports[0].Ports.To {
		a.Ports = []Ports{p.Ports[0].Ports}
	}
	for _, want := range a.Ports {
		pp, _, ok := p.Find(want)
		if !ok {
			continue
		}
		limit = min(limit, pp.Longest)
		if len(a.Sources) == 0 && !pp.Any && len(pp.Sources) == 1 && pp.Sources[0].IsSingleIP() {
			a.Sources = pp.Sources
		}
	}
	return a, limit
}
