package page

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/jit/azure/azuresim"
)

// configuration is somebody's terraform for one guard: the rules of other
// people as they were when the page was made.
type configuration struct {
	guard string // its id
	plan  *azuresim.Terraform
}

func (h *handler) configurations() []configuration {
	var out []configuration
	for _, id := range h.guards() {
		plan, err := h.opt.Azure.Terraform(id, h.owns)
		if err != nil {
			h.opt.Log.Error("no terraform for a guard", "guard", id, "error", err)
			continue
		}
		out = append(out, configuration{id, plan})
	}
	return out
}

// apply is what the last `terraform apply` did, and what has come of it since.
type apply struct {
	// Lost are the bot's rules that it removed, and those of the apply before
	// that were still gone then.
	Lost []lost `json:"lost"`
}

// What becomes of a rule that was removed.
const (
	stillGone = "gone"
	putBack   = "back"     // it is in the guard again, and nothing is being written there
	notWanted = "unwanted" // no grant or protection needs it any more
)

// lost is a rule of the bot's that an apply removed.
type lost struct {
	Guard string `json:"guard"` // its name
	Rule  string `json:"rule"`
	Grant string `json:"grant,omitempty"` // empty: a deny
	At    int64  `json:"at"`              // when, ms since 1970 by the machine's clock, not the demo's
	State string `json:"state"`
	After int64  `json:"after,omitempty"` // how many ms later State was seen to be so
	Said  *place `json:"said,omitempty"`  // where the bot told of it

	guard string // its id
}

// place is where a message is: in a channel, or in a thread there.
type place struct {
	Channel string `json:"channel"`
	Thread  string `json:"thread,omitempty"` // ts of its first message
}

// terraform applies the configuration of every guard, as somebody would who
// knows nothing of the bot.
func (h *handler) terraform(context.Context, order) (result, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	next := &apply{Lost: []lost{}}
	if h.applied != nil {
		next.Lost = slices.DeleteFunc(slices.Clone(h.applied.Lost), func(l lost) bool { return l.State != stillGone })
	}
	var faults []error
	for _, c := range h.plans {
		at := time.Now()
		removed, err := c.plan.Apply()
		if err != nil {
			faults = append(faults, fmt.Errorf("applying the configuration of %s: %w", path.Base(c.guard), err))
			continue
		}
		for _, rule := range removed {
			if n, ours := h.own(rule); ours {
				next.Lost = append(next.Lost, lost{
					Guard: path.Base(c.guard), Rule: rule, Grant: string(n.Grant), At: at.UnixMilli(), State: stillGone, guard: c.guard,
				})
			}
		}
	}
	h.applied = next
	return result{}, errors.Join(faults...)
}

// drift is what the last apply did, as it stands now; nil before the first.
func (h *handler) drift(s stored) *apply {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.applied == nil {
		return nil
	}
	for i := range h.applied.Lost {
		h.follow(&h.applied.Lost[i], s)
	}
	return &apply{Lost: slices.Clone(h.applied.Lost)}
}

// follow looks at what became of a rule. One that is back, or is not wanted any
// more, stays so here: what comes later is another story.
func (h *handler) follow(l *lost, s stored) {
	if l.State == stillGone {
		_, there := h.opt.Azure.Rule(l.guard, l.Rule)
		switch {
		case there && !h.opt.Azure.Busy(l.guard):
			l.State = putBack
		case !there && s.known && !s.wants(h.opt.Installation, l.guard, l.Rule):
			l.State = notWanted
		default:
			return
		}
		l.After = time.Since(time.UnixMilli(l.At)).Milliseconds()
	}
	if l.State == putBack && l.Said == nil {
		l.Said = h.told(*l)
	}
}

// told finds where the bot has written of the rule since it was removed.
func (h *handler) told(l lost) *place {
	since := time.UnixMilli(l.At)
	after := fmt.Sprintf("%d.%06d", since.Unix(), since.Nanosecond()/1000) // as Slack stamps
	all := h.opt.Slack.Snapshot().AllMessages
	i := slices.IndexFunc(all, func(m slacksim.Message) bool {
		return m.User == h.opt.Slack.Options().BotUserID && cmp.Compare(m.TS, after) > 0 && strings.Contains(m.Text, l.Rule)
	})
	if i < 0 {
		return nil
	}
	return &place{Channel: all[i].Channel, Thread: all[i].ThreadTS}
}
