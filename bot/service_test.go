package bot_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/access"
	"jitbot/jit/lookup"
	"jitbot/jit/reach"
)

const (
	adaID     = slacksim.DemoEngineerID
	graceID   = slacksim.DemoApproverID
	linusID   = slacksim.DemoApprover2ID
	gusID     = slacksim.DemoGuestID
	approvals = slacksim.DemoChannelID
)

// fakeService is the service of these tests: grants in a map, the domain's own
// transitions, a script of faults.
type fakeService struct {
	mu         sync.Mutex
	people     *bot.People
	grants     map[jit.ID]jit.Grant
	calls      []string
	fail       error                  // of every call but Known
	offer      lookup.Offer           // at every VM
	vms        []jit.VM               // that a search finds
	last       jit.Request            // of everybody
	hangs      jit.UserID             // whose tab is never made
	unknown    string                 // a VM that there is not
	listed     []lookup.ListedVM      // that a list of VMs shows
	more       bool                   // there are others
	unforeseen error                  // of foreseeing an unprotection
	results    []access.VMResult      // of protecting and unprotecting
	effects    []access.ProtectEffect // of protecting
	protected  []jit.PortPolicy
	refuse     error           // of every offer
	found      []reach.Finding // of a scan
	history    []jit.Event
	dry        lookup.Explanation
	slow       chan struct{} // when not nil, offers wait for it
	hold       chan struct{} // when not nil, changes wait for it
	holding    chan struct{} // told of each that waits
}

// failWith has what is asked for fail; nil ends that.
func (s *fakeService) failWith(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

// refuseWith has every offer fail; nil ends that.
func (s *fakeService) refuseWith(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = err
}

func (s *fakeService) note(format string, args ...any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, fmt.Sprintf(format, args...))
	return s.fail
}

// effect is note of what only members may do.
func (s *fakeService) effect(ctx context.Context, by jit.UserID, format string, args ...any) error {
	if err := s.Known(ctx, by); err != nil {
		return err
	}
	return s.note(format, args...)
}

func (s *fakeService) noted(prefix string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.calls {
		if strings.HasPrefix(c, prefix) {
			n++
		}
	}
	return n
}

func (s *fakeService) Known(ctx context.Context, by jit.UserID) error {
	m, err := s.people.Member(ctx, by)
	if err != nil {
		return err
	}
	if m.Guest || m.Bot || m.Gone || m.Stranger || m.Invited {
		return jit.Refuse(jit.ErrAuthority, "Guests cannot use jitbot; ask a full member of this workspace.")
	}
	return nil
}

func (s *fakeService) wait(ctx context.Context) error {
	s.mu.Lock()
	hold := s.hold
	s.mu.Unlock()
	if hold == nil {
		return nil
	}
	s.holding <- struct{}{}
	select {
	case <-hold:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Admin is Grace and nobody else.
func (s *fakeService) Admin(_ context.Context, by jit.UserID) error {
	if by == graceID {
		return nil
	}
	return jit.Refuse(jit.ErrAuthority, "Only admins may protect and unprotect.")
}

func (s *fakeService) ProtectEffects(
	ctx context.Context, by jit.UserID, _ []string, _ []jit.PortPolicy,
) ([]access.ProtectEffect, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.effects, s.Admin(ctx, by)
}

func (s *fakeService) ProtectAsOf(
	ctx context.Context, by jit.UserID, words []string, ports []jit.PortPolicy, _ time.Time,
) ([]access.VMResult, error) {
	if err := s.Admin(ctx, by); err != nil {
		return nil, err
	}
	err := s.note("protect %s %v", by, words)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.protected = ports
	return s.results, err
}

func (s *fakeService) UnprotectEffects(ctx context.Context, by jit.UserID, _ []string) ([]access.UnprotectEffect, error) {
	if err := s.Admin(ctx, by); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []access.UnprotectEffect
	for _, r := range s.results {
		out = append(out, access.UnprotectEffect{VMResult: r})
	}
	return out, s.unforeseen
}

func (s *fakeService) UnprotectAsOf(ctx context.Context, by jit.UserID, words []string, _ time.Time) ([]access.VMResult, error) {
	if err := s.Admin(ctx, by); err != nil {
		return nil, err
	}
	return s.results, s.note("unprotect %s %v", by, words)
}
