package clock

import (
	"sync"
	"time"
)

const (
	lastingFor   = time.Minute     // every answer must say it for this long
	lastingLeast = 2 * time.Minute // and by more than this
	together     = time.Second     // answers this close are kept as one
)

// Remote is another clock, known by its answers: each says how far it was ahead of
// this machine's wall clock. The zero Remote has not answered. Safe for concurrent
// use.
type Remote struct {
	mu     sync.Mutex
	last   time.Duration // in the last answer of the latest moment
	recent []heard       // of the last minute before the latest, oldest first, after one from before it
}

// heard is what answers of one moment said.
type heard struct {
	at            time.Time
	least, widest time.Duration // how far ahead: the least of it, and the farthest from none
}

// Skew is how far another clock was ahead of this machine's wall clock, negative when
// behind; what an answer does not prove is 0.
type Skew struct {
	Heard   bool          // it has answered
	Last    time.Duration // in its last answer
	Widest  time.Duration // in the answer of its last minute that differs most
	Lasting time.Duration // at least, when every answer for a minute was more than two minutes ahead; else 0
}

// Note takes the time of an answer, cut to whole seconds, and when what it answers
// was sent and it was received.
func (r *Remote) Note(said, sent, received time.Time) {
	ahead := provenAhead(said, sent, received)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = ahead
	if n := len(r.recent); n > 0 && received.Sub(r.recent[n-1].at) < together {
		r.recent[n-1] = r.recent[n-1].with(ahead)
		return
	}
	r.recent = append(r.recent, heard{received, ahead, ahead})
	for len(r.recent) > 1 && received.Sub(r.recent[1].at) >= lastingFor {
		r.recent = r.recent[1:]
	}
}

func (h heard) with(ahead time.Duration) heard {
	h.least = min(h.least, ahead)
	if ahead.Abs() > h.widest.Abs() {
		h.widest = ahead
	}
	return h
}

// provenAhead is how far the time of an answer is from that of this machine at least,
// whenever between sent and received it was told.
func provenAhead(said, sent, received time.Time) time.Duration {
	least := said.Sub(received.Round(0))
	most := said.Add(time.Second).Sub(sent.Round(0))
	switch {
	case least > 0:
		return least
	case most < 0:
		return most
	default:
		return 0
	}
}

// Skew sums up what was heard.
func (r *Remote) Skew() Skew {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.recent)
	if n == 0 {
		return Skew{}
	}
	latest, now := r.recent[n-1].at, time.Now()
	s := Skew{Heard: true, Last: r.last + setBack(latest, now), Lasting: r.recent[0].least + setBack(r.recent[0].at, now)}
	for _, h := range r.recent {
		back := setBack(h.at, now)
		s.Lasting = min(s.Lasting, h.least+back)
		if widest := h.widest + back; latest.Sub(h.at) < lastingFor && widest.Abs() > s.Widest.Abs() {
			s.Widest = widest
		}
	}
	if s.Lasting <= lastingLeast || latest.Sub(r.recent[0].at) < lastingFor {
		s.Lasting = 0
	}
	return s
}

// setBack is by how much the wall clock was set back between two readings of both
// clocks: what was heard before is still known when the clock is set right.
func setBack(from, to time.Time) time.Duration {
	return to.Sub(from) - to.Round(0).Sub(from.Round(0))
}
