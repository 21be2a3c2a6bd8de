package bot_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/lookup"
	"jitbot/jit/reach"
	"jitbot/jit/record"
)

func (s *fakeService) Choices(ctx context.Context, by jit.UserID, text string, limit int) ([]lookup.Choice, error) {
	if err := s.Known(ctx, by); err != nil {
		return nil, err
	}
	var out []lookup.Choice
	for _, vm := range s.vms {
		if len(out) < limit && strings.Contains(vm.Group+"/"+vm.Name, text) {
			out = append(out, lookup.Choice{VM: vm})
		}
	}
	return out, nil
}

func (s *fakeService) Lookup(ctx context.Context, by jit.UserID, fits func(jit.VM) bool) ([]jit.VM, error) {
	s.mu.Lock()
	fail := s.fail
	s.mu.Unlock()
	if fail != nil {
		return nil, fail
	}
	return slices.DeleteFunc(slices.Clone(s.vms), func(vm jit.VM) bool { return !fits(vm) }), s.Known(ctx, by)
}

func (s *fakeService) Offer(ctx context.Context, by jit.UserID, words []string) (lookup.Offer, error) {
	s.mu.Lock()
	o, slow, no := s.offer, s.slow, s.refuse
	s.mu.Unlock()
	if slow != nil {
		select {
		case <-slow:
		case <-ctx.Done():
			return o, ctx.Err()
		}
	}
	if err := s.Known(ctx, by); err != nil {
		return o, err
	}
	for _, word := range words {
		if tag, ok := strings.CutPrefix(word, "tag:"); ok {
			key, value, _ := strings.Cut(tag, "=")
			for _, known := range s.vms {
				if known.Tags[key] == value {
					o.VMs = append(o.VMs, known)
				}
			}
			continue
		}
		group, name, split := strings.Cut(word, "/")
		if !split {
			group, name = "rg", word
		}
		if name == s.unknown {
			return lookup.Offer{}, jit.Refuse(jit.ErrNotFound, "There is no VM called %s; did you mean %s?", name, "web-1")
		}
		vm := jit.VM{ID: "/vm/" + name, Name: name, Group: group}
		for _, known := range s.vms {
			if known.Name == name || known.ID == word {
				vm = known
			}
		}
		o.VMs = append(o.VMs, vm)
	}
	if no != nil {
		return lookup.Offer{VMs: o.VMs}, no
	}
	return o, nil
}

func (s *fakeService) VMs(_ context.Context, by jit.UserID, text string, limit int) ([]lookup.ListedVM, bool, error) {
	return s.listed, s.more, s.note("vms %s %q %d", by, text, limit)
}

func (s *fakeService) Scan(ctx context.Context, by jit.UserID) ([]reach.Finding, bool, error) {
	if err := s.Known(ctx, by); err != nil {
		return nil, false, err
	}
	return s.found, s.more, s.note("scan %s", by)
}

func (s *fakeService) Witness(_ context.Context, _ jit.UserID, vm string) (lookup.Testimony, error) {
	return lookup.Testimony{VM: jit.VM{Name: strings.TrimPrefix(vm, "rg/"), Group: "rg"}, At: time.Unix(0, 0).UTC(), Groups: []string{"web-nsg"}},
		s.note("witness %s", vm)
}

func (s *fakeService) Explain(_ context.Context, by jit.UserID, vm string, who jit.UserID) (lookup.Explanation, error) {
	e := s.dry
	e.For = who
	return e, s.note("explain %s %s %s", by, vm, who)
}

// simple is the offer of one port from one address: nothing is left to ask.
func simple() lookup.Offer {
	return lookup.Offer{
		Ports: []jit.PortPolicy{
			{
				Ports:    jit.Ports{From: 22, To: 22, Protocol: jit.TCP},
				Sources:  from("203.0.113.7/32"),
				Shortest: 5 * time.Minute,
				Longest:  3 * time.Hour,
			},
		},
		Sources:  from("203.0.113.7/32"),
		Shortest: 5 * time.Minute, Longest: 3 * time.Hour,
	}
}

// wide is an offer of two ports, from anywhere and from ranges.
func wide() lookup.Offer {
	return lookup.Offer{
		Ports: []jit.PortPolicy{
			{Ports: tcp(22), Any: true, Sources: from("198.51.100.0/24"), Shortest: 5 * time.Minute, Longest: 3 * time.Hour},
			{
				Ports:    jit.Ports{From: 8000, To: 8010, Protocol: jit.AnyProtocol},
				Sources:  append(from("198.51.100.0/24"), from("2001:db8::/64")...),
				Shortest: 10 * time.Minute,
				Longest:  time.Hour,
			},
		},
		Sources: from("198.51.100.0/24"), Widest: jit.Widths{V4: 32, V6: 128}, Shortest: 5 * time.Minute, Longest: 3 * time.Hour,
	}
}

func machines(n int) []jit.VM {
	var out []jit.VM
	for i := range n {
		out = append(out, jit.VM{ID: fmt.Sprintf("/vm/web-%d", i+1), Name: fmt.Sprintf("web-%d", i+1), Group: "rg"})
	}
	return out
}

// HistoryOf gives s.history in pages of the limit, by their numbers.
func (s *fakeService) HistoryOf(ctx context.Context, by jit.UserID, vm string, q record.Query) (lookup.HistoryPage, error) {
	if err := s.Known(ctx, by); err != nil {
		return lookup.HistoryPage{}, err
	}
	page := lookup.HistoryPage{Anchor: record.Anchor{Seq: uint64(len(s.history)), Hash: "9f86d081"}}
	for _, e := range slices.Backward(s.history) {
		switch {
		case q.Before > 0 && e.Seq >= q.Before:
		case len(page.Lines) == q.Limit:
			page.Next = page.Lines[q.Limit-1].Seq
		default:
			page.Lines = append(page.Lines, e)
		}
	}
	return page, s.note("history %s %q %s %s %d", by, vm, q.Grant, q.User, q.Before)
}
