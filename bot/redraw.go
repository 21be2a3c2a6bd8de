package bot

import (
	"context"
	"sync"

	"jitbot/bot/form"
	"jitbot/bot/view"
	"jitbot/jit/lookup"
)

// choose takes what was chosen in the form, which is no command of its own.
func (b *Bot) choose(ctx context.Context, e envelope, i form.Interaction) {
	b.ack(ctx, e, nil)
	if b.keyLimits.allow(i.User.ID, b.Now()) != nil {
		return // what is chosen is read again when the form comes back
	}
	n := b.forms.begin(i.View.ID)
	run := func(ctx context.Context) { b.redraw(ctx, i, n) }
	b.queue.add(&job{by: i.User.ID, lane: reads, doing: "redrawing a form", run: run}, b.Now())
}

// redraws remembers which choice of VM was the last in each form, so that an
// answer that comes late does not win.
type redraws struct {
	mu   sync.Mutex
	last map[string]uint64
	next uint64
}

const maxRedraws = 1000 // that are remembered

func (r *redraws) begin(id string) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil || len(r.last) >= maxRedraws {
		r.last = map[string]uint64{}
	}
	r.next++
	r.last[id] = r.next
	return r.next
}

func (r *redraws) latest(id string, n uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last[id] == n
}

// redraw shows the ports and limits of what was just chosen and what will be asked
// for, and keeps what was typed.
func (b *Bot) redraw(ctx context.Context, i form.Interaction, n uint64) {
	work, cancel := context.WithTimeout(ctx, fillWithin)
	defer cancel()
	f := form.ReadRequest(i)
	d, o := f.Draft, lookup.Offer{}
	words, err := b.vmWords(work, i.User.ID, d.VMs)
	if err == nil && len(words) > 0 {
		o, err = b.Service.Offer(work, i.User.ID, words)
	}
	if err != nil {
		b.logFault(ctx, "redrawing the form", i.User.ID, "", err)
		d.Note = view.PlainRefusal(err)
		d.VMs = nil // Slack keeps what is chosen; a value that is none of ours is not sent back
	}
	d.Reoffer(o, f.PortsBlock != "")
	if i.Actions[0].ID == view.InputUsual && d.Duration != "" {
		d.Duration, d.DurationAgain = "", !d.DurationAgain // what was chosen last counts
	}
	if !b.forms.latest(i.View.ID, n) {
		return
	}
	v := view.RequestForm(d, o)
	if b.updateView(ctx, i.User.ID, i.View.ID, i.View.Hash, v) == "hash_conflict" && b.forms.latest(i.View.ID, n) {
		b.updateView(ctx, i.User.ID, i.View.ID, "", v) // an older choice was drawn meanwhile
	}
}
