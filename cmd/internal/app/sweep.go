package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"jitbot/jit/azure"
	"jitbot/jit/clock"
	"jitbot/jit/rules"
	"jitbot/jit/sweep"
	"jitbot/jit/text"
)

// Sweep closes what is past its until, from the rules in Azure alone: it needs
// neither the store nor Slack. It writes a line a rule and a summary to Out.
// Its error says that something overdue is or may be still there.
func Sweep(ctx context.Context, o Options, unreadable bool) error {
	o = o.withDefaults()
	client, err := o.AzureClient(nil)
	if err != nil {
		return err
	}
	swept := o.sweepOnce(ctx, client, unreadable)
	for _, r := range swept.found {
		if _, err := fmt.Fprintln(o.Out, r); err != nil {
			return fmt.Errorf("telling what was swept: %w", err)
		}
	}
	return errors.Join(swept.err, swept.summarize(o.Out, o.Config.Jit.Installation))
}

// sweepPass is what one pass of a sweep came to.
type sweepPass struct {
	found   []sweep.Rule
	counts  map[sweep.Outcome]int
	overdue int   // rules that should be gone and may not be
	unread  bool  // not everything could be read
	err     error // that something overdue is or may be still there
}

// sweepOnce makes one pass.
func (o Options) sweepOnce(ctx context.Context, client *azure.Client, unreadable bool) sweepPass {
	owner := rules.Owner{Installation: o.Config.Jit.Installation, Bands: o.Config.Jit.Bands}
	p := sweepPass{counts: map[sweep.Outcome]int{}}
	p.found, p.err = sweep.Overdue(ctx, client, owner, unreadable, time.Now())
	for _, r := range p.found {
		p.counts[r.Outcome]++
		if r.Overdue() {
			p.overdue++
		}
	}
	p.unread = p.err != nil
	p.err = errors.Join(p.err, p.blind(client))
	return p
}

// blind says why a pass may have left something.
func (p sweepPass) blind(client *azure.Client) error {
	var err error
	if hidden := client.FirewallsUnread(); hidden != nil {
		err = errors.Join(err, fmt.Errorf("firewalls are not looked at where Azure does not show them, so what is overdue there stays; "+
			"give this identity the role of \"jitbot role --sweep --firewall all\": %w", hidden))
	}
	if skew := client.Skew().Widest; skew.Abs() > clock.MaxSkew {
		err = errors.Join(err, fmt.Errorf("this machine's clock and Azure's differ by %s, so what is overdue was judged wrong; set the clock",
			text.Duration(skew.Abs())))
	}
	if p.overdue > 0 {
		hint := ""
		if p.counts[sweep.Unreadable] > 0 {
			hint = "; --unreadable also removes those whose description cannot be read"
		}
		err = errors.Join(err, fmt.Errorf("%s not removed that should be gone%s", text.Count(p.overdue, "rule was", "rules were"), hint))
	}
	return err
}

func (p sweepPass) summarize(w io.Writer, installation string) error {
	if p.unread && len(p.found) == 0 {
		if _, err := fmt.Fprintf(w, "Some of Azure could not be read, and no rule of %s was seen in the rest.\n", installation); err != nil {
			return fmt.Errorf("telling what was swept: %w", err)
		}
		return nil
	}
	partly := ""
	if p.unread {
		partly = ", of what could be read"
	}
	_, err := fmt.Fprintf(w, "%s of %s%s: %d removed, %d kept, %d unreadable, %d astray, %d failed\n",
		text.Count(len(p.found), "rule", "rules"), installation, partly,
		p.counts[sweep.Removed], p.counts[sweep.Kept], p.counts[sweep.Unreadable], p.counts[sweep.Astray], p.counts[sweep.NotRemoved])
	if err != nil {
		return fmt.Errorf("telling what was swept: %w", err)
	}
	return nil
}
