package bot_test

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"jitbot/bot"
	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/access"
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
	mu        sync.Mutex
	people    *bot.People
	grants    map[jit.ID]jit.Grant
	calls     []string
	fail      error           // of every call but Known
	offer     access.Offer    // at every VM
	vms       []jit.VM        // that a search finds
	last      jit.Request     // of everybody
	unknown   string          // a VM that there is not
	listed    []access.VMLine // that a list of VMs shows
	more      bool            // there are others
	results   []access.Result // of protecting and unprotecting
	protected []jit.PortPolicy
	refuse    error           // of every offer
	found     []reach.Finding // of a scan
	dry       access.Explanation
	slow      chan struct{} // when not nil, offers wait for it
	hold      chan struct{} // when not nil, changes wait for it
	holding   chan struct{} // told of each that waits
}

func (d *fakeService) note(format string, args ...any) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, fmt.Sprintf(format, args...))
	return d.fail
}

func (d *fakeService) noted(prefix string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, c := range d.calls {
		if strings.HasPrefix(c, prefix) {
			n++
		}
	}
	return n
}

func (d *fakeService) Known(ctx context.Context, by jit.UserID) error {
	m, err := d.people.Member(ctx, by)
	if err != nil {
		return err
	}
	if m.Guest || m.Bot || m.Gone || m.Stranger || m.Invited {
		return jit.Refuse(jit.ErrAuthority, "Guests cannot use jitbot; ask a full member of this workspace.")
	}
	return nil
}

func (d *fakeService) wait(ctx context.Context) error {
	d.mu.Lock()
	hold := d.hold
	d.mu.Unlock()
	if hold == nil {
		return nil
	}
	d.holding <- struct{}{}
	select {
	case <-hold:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Admin is Grace and nobody else.
func (d *fakeService) Admin(_ context.Context, by jit.UserID) error {
	if by == graceID {
		return nil
	}
	return jit.Refuse(jit.ErrAuthority, "Only admins may protect and unprotect.")
}

func (d *fakeService) Protect(ctx context.Context, by jit.UserID, words []string, ports []jit.PortPolicy) ([]access.Result, error) {
	if err := d.Admin(ctx, by); err != nil {
		return nil, err
	}
	err := d.note("protect %s %v", by, words)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.protected = ports
	return d.results, err
}

func (d *fakeService) Unprotect(ctx context.Context, by jit.UserID, words []string) ([]access.Result, error) {
	if err := d.Admin(ctx, by); err != nil {
		return nil, err
	}
	return d.results, d.note("unprotect %s %v", by, words)
}
