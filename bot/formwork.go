package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"jitbot/jit"
)

const (
	suggestWithin = 2 * time.Second
	judgeWithin   = 1800 * time.Millisecond // of the three seconds until a form's ack
	maxAck        = 18 << 10                // Slack drops acks of 20 KB in silence
)

// suggest answers a menu of VMs with those that fit what was typed.
func (b *Bot) suggest(ctx context.Context, e envelope, i interaction) {
	nothing := menu(nil)
	if !b.home.has(i.Team.ID, i.User.Team, i.Enterprise.ID) || i.Menu != inputVM || i.View.Callback != formRequest ||
		b.keys.allow(i.User.ID, b.Now()) != nil {
		b.ack(ctx, e, nothing)
		return
	}
	if !b.prompt.offer(func(ctx context.Context) { b.ack(ctx, e, b.suggestions(ctx, i)) }) {
		b.ack(ctx, e, nothing)
	}
}

func (b *Bot) suggestions(ctx context.Context, i interaction) any {
	work, cancel := context.WithTimeout(ctx, suggestWithin)
	defer cancel()
	vms, err := b.Service.Search(work, i.User.ID, clip(jit.CleanText(i.Query), maxInput), maxOptions+1)
	if err != nil {
		b.logFault(ctx, "searching VMs", i.User.ID, "", err)
		return menu(nil)
	}
	return menu(vms)
}

// offers are the options of a menu. The library's own leaves an empty list out,
// which Slack takes for no answer.
type offers struct {
	Options []*slack.OptionBlockObject `json:"options"`
}

// menu is what a search found, cut to what Slack takes, which is then said.
func menu(vms []jit.VM) any {
	names := map[string]int{}
	for _, vm := range vms {
		names[vm.Group+"/"+vm.Name]++
	}
	options, size := []*slack.OptionBlockObject{}, 0
	for _, vm := range vms[:min(len(vms), maxOptions)] {
		o := Choice{Key: vmKey(vm, names[vm.Group+"/"+vm.Name] == 1), Text: vmText(vm)}.option()
		raw, err := json.Marshal(o)
		if size += len(raw) + 1; err != nil || size > maxAck {
			break
		}
		options = append(options, o)
	}
	if len(options) == len(vms) {
		return offers{options}
	}
	label := plain("The first " + strconv.Itoa(len(options)) + "; type more to narrow")
	return slack.OptionGroupsResponse{OptionGroups: []*slack.OptionGroupBlockObject{slack.NewOptionGroupBlockElement(label, options...)}}
}

// redraws remembers which choice of VM was the last in each form, so that an
// answer that comes late does not win.
type redraws struct {
	mu   sync.Mutex
	last map[string]uint64
	next uint64
}

const maxForms = 1000 // that are remembered

func (r *redraws) begin(id string) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil || len(r.last) >= maxForms {
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

// redraw shows the ports and limits of the VM that was just chosen, and keeps
// what was typed.
func (b *Bot) redraw(ctx context.Context, i interaction, n uint64) {
	defer b.recovered(ctx, reply{user: i.User.ID})
	work, cancel := context.WithTimeout(ctx, fillWithin)
	defer cancel()
	f := readRequest(i)
	d, o := f.draft, jit.Offer{}
	words, err := b.words(work, i.User.ID, d.VMs)
	if err == nil && len(words) > 0 {
		o, err = b.Service.Offer(work, i.User.ID, words)
	}
	if err != nil {
		b.logFault(ctx, "redrawing the form", i.User.ID, "", err)
		d.Note = plainSentence(err)
		d.VMs = nil // Slack keeps what is chosen; a value that is none of ours is not sent back
	}
	d.reoffer(o, f.ports != "")
	if !b.forms.latest(i.View.ID, n) {
		return
	}
	v := RequestForm(d, o)
	if b.show(ctx, i.User.ID, i.View.ID, i.View.Hash, v) == "hash_conflict" && b.forms.latest(i.View.ID, n) {
		b.show(ctx, i.User.ID, i.View.ID, "", v) // an older choice was drawn meanwhile
	}
}

// submitRequest takes the form back. Its ack waits for what can be known
// without Azure, so a worker gives it.
func (b *Bot) submitRequest(ctx context.Context, e envelope, i interaction, raw json.RawMessage) {
	if !b.work.reserve() {
		b.refuseForm(ctx, e, fieldErrors{inputVM: crowded})
		return
	}
	if !b.prompt.offer(func(ctx context.Context) { b.judge(ctx, e, i, raw) }) {
		b.work.release()
		b.refuseForm(ctx, e, fieldErrors{inputVM: crowded})
	}
}

func (b *Bot) refuseForm(ctx context.Context, e envelope, errs fieldErrors) {
	b.ack(ctx, e, formAnswer{Action: "errors", Errors: errs})
}

// judge answers wrong fields in the form; the rest is stored, asked for and
// acknowledged. It has a place among the work, to use or to give back.
func (b *Bot) judge(ctx context.Context, e envelope, i interaction, raw json.RawMessage) {
	queued := false
	defer func() {
		if !queued {
			b.work.release()
		}
		if p := recover(); p != nil {
			b.Log.ErrorContext(ctx, "a form made the bot panic", "panic", fmt.Sprint(p))
			b.refuseForm(ctx, e, fieldErrors{inputVM: fault})
		}
	}()
	work, cancel := context.WithTimeout(ctx, judgeWithin)
	defer cancel()
	a, errs := b.readForm(work, i)
	if len(errs) > 0 {
		b.refuseForm(ctx, e, errs)
		return
	}
	d := delivery{Kind: socketmode.RequestTypeInteractive, Payload: raw}
	key, fresh, err := b.accept(ctx, d)
	if err != nil {
		b.Log.ErrorContext(ctx, "a form was not taken", "user", i.User.ID, "error", err)
		b.refuseForm(ctx, e, fieldErrors{inputVM: fault})
		return
	}
	if len(a.VMs) > 0 {
		if _, err = b.Service.Ask(work, i.User.ID, askKey(i, key), a); err != nil && work.Err() == nil {
			b.logFault(ctx, "a form", i.User.ID, "", err)
			text := plainSentence(err)
			b.refuseForm(ctx, e, fieldErrors{inputVM: text})
			b.finish(ctx, key)
			return
		}
	}
	b.ack(ctx, e, nil)
	if fresh {
		queued = true
		b.work.put(func(ctx context.Context) { b.handle(ctx, key, d) })
	}
}

// askKey is that of the view: a form that is sent twice asks once.
func askKey(i interaction, delivery string) string {
	if i.View.ID == "" {
		return delivery
	}
	return "view-" + clip(i.View.ID, maxName)
}

// readForm reads a submitted form and finds what is wrong with it. Where the
// policy cannot be read in time the VMs stay empty: it is judged later.
func (b *Bot) readForm(ctx context.Context, i interaction) (jit.Ask, fieldErrors) {
	f := readRequest(i)
	words, err := b.words(ctx, i.User.ID, f.draft.VMs)
	var o jit.Offer
	if err == nil && len(words) > 0 {
		o, err = b.Service.Offer(ctx, i.User.ID, words)
	}
	known := err == nil && len(words) > 0
	a, errs := f.ask(o, known)
	_, refused := errors.AsType[*jit.Refusal](err)
	switch {
	case refused:
		errs.refuse(inputVM, err)
	case err != nil:
		b.logFault(ctx, "reading a form", i.User.ID, "", err)
	default:
		a.VMs = words
	}
	return a, errs
}

// requested carries out a stored form. What comes of the grant is told by its
// notices; only what made none is answered here.
func (b *Bot) requested(ctx context.Context, i interaction, key string) Screen {
	a, errs := b.readForm(ctx, i)
	if len(errs) > 0 {
		return say("Your request could not be taken, so nothing was asked for:\n" + errs.text() + "\nTry again with /jit.")
	}
	if len(a.VMs) == 0 {
		return say("The VMs could not be read just now, so nothing was asked for. Try again in a minute with /jit.")
	}
	grants, err := b.Service.Ask(ctx, i.User.ID, askKey(i, key), a)
	for _, g := range grants {
		if g.State != jit.Asked {
			continue
		}
		if _, err := b.Service.Check(ctx, g.ID); err != nil {
			b.logFault(ctx, "checking a request", i.User.ID, g.ID, err)
		}
	}
	if err != nil {
		return b.trouble(ctx, "a form", i.User.ID, "", err)
	}
	return Screen{}
}
