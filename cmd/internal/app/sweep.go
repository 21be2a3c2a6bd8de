package app

import (
	"context"
	"errors"
	"fmt"
	"time"

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
	owner := rules.Owner{Installation: o.Config.Jit.Installation, Bands: o.Config.Jit.Bands}
	found, err := sweep.Overdue(ctx, client, owner, unreadable, time.Now())
	overdue := 0
	counts := map[sweep.Outcome]int{}
	for _, r := range found {
		counts[r.Outcome]++
		if r.Overdue() {
			overdue++
		}
		if _, err := fmt.Fprintln(o.Out, r); err != nil {
			return fmt.Errorf("telling what was swept: %w", err)
		}
	}
	_, sayErr := fmt.Fprintf(o.Out, "%s of %s: %d removed, %d kept, %d unreadable, %d astray, %d failed\n",
		text.Count(len(found), "rule", "rules"), o.Config.Jit.Installation,
		counts[sweep.Removed], counts[sweep.Kept], counts[sweep.Unreadable], counts[sweep.Astray], counts[sweep.NotRemoved])
	if hidden := client.FirewallsUnread(); hidden != nil {
		err = errors.Join(err, fmt.Errorf("firewalls are not looked at where Azure does not show them, so what is overdue there stays; "+
			"give this identity the role of \"jitbot role --sweep --firewall all\": %w", hidden))
	}
	if skew := client.Skew().Widest; skew.Abs() > clock.MaxSkew {
		err = errors.Join(err, fmt.Errorf("this machine's clock and Azure's differ by %s, so what is overdue was judged wrong; set the clock",
			text.Duration(skew.Abs())))
	}
	if overdue > 0 {
		hint := ""
		if counts[sweep.Unreadable] > 0 {
			hint = "; --unreadable also removes those whose description cannot be read"
		}
		err = errors.Join(err, fmt.Errorf("%s not removed that should be gone%s", text.Count(overdue, "rule was", "rules were"), hint))
	}
	return errors.Join(err, sayErr)
}
