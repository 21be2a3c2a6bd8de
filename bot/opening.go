package bot

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"jitbot/jit"
)

// opening is a form that is to be opened, and for whom.
type opening struct {
	to      reply
	trigger string
	typed   jit.Ask // what was typed already; it may be nothing
	protect bool    // the form that protects VMs, not the one that asks for access
}

// callback is the name of the form that is wanted.
func (f opening) callback() string {
	if f.protect {
		return formProtect
	}
	return formRequest
}

const (
	// A trigger lives for three seconds and people see nothing before, so what
	// is asked before the view is there must be quick.
	quickly    = 700 * time.Millisecond
	fillWithin = 30 * time.Second
)

// openForm opens the form as a view that says it is loading, and fills it when
// what it shows is known. Guests see a sentence instead.
func (b *Bot) openForm(ctx context.Context, f opening) {
	defer b.recovered(ctx, f.to)
	first, cancel := context.WithTimeout(ctx, quickly)
	err := b.Service.Known(first, f.to.user)
	if err == nil && f.protect {
		err = b.Service.Admin(first, f.to.user)
	}
	cancel()
	if _, refused := errors.AsType[*jit.Refusal](err); refused {
		b.answer(ctx, f.to, b.trouble(ctx, "opening the form", f.to.user, "", err))
		return
	}
	work, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	v, err := b.API.OpenViewContext(work, f.trigger, LoadingForm(f.callback()))
	if err != nil {
		b.Log.WarnContext(ctx, "the form could not be opened", "user", f.to.user, "error", slackError("opening a form", harmless(err)))
		text := "The form could not be opened, so nothing was asked for. Type /jit again, or write the whole line: /jit request <vm> [ports] [duration] from <address> for <reason>."
		if f.protect {
			text = "The form could not be opened, so nothing was protected. Type the command again."
		}
		b.answer(ctx, f.to, say(text))
		return
	}
	id := v.ID
	if !b.screen.offer(func(ctx context.Context) { b.fill(ctx, f, id) }) {
		b.show(ctx, f.to.user, id, "", SentenceForm(f.callback(), crowded))
	}
}

// fill puts what is known into a view that says it is loading.
func (b *Bot) fill(ctx context.Context, f opening, id string) {
	defer b.recovered(ctx, reply{user: f.to.user})
	work, cancel := context.WithTimeout(ctx, fillWithin)
	defer cancel()
	v, err := b.filledForm(work, f)
	if err != nil {
		b.logFault(ctx, "filling the form", f.to.user, "", err)
		text, known := sentence(err)
		if !known {
			text = "The VMs could not be read just now, so there is no form. Try again in a minute."
		}
		v = SentenceForm(f.callback(), text)
	}
	b.show(ctx, f.to.user, id, "", v)
}

// filledForm is the form that is wanted, with what is known.
func (b *Bot) filledForm(ctx context.Context, f opening) (slack.ModalViewRequest, error) {
	if f.protect {
		d, err := b.protectDraft(ctx, f.to.user, f.typed)
		return ProtectForm(d), err
	}
	d, o, err := b.draft(ctx, f.to.user, f.typed)
	return RequestForm(d, o), err
}

// show updates a view. With a hash it does so only while nothing else did.
func (b *Bot) show(ctx context.Context, by jit.UserID, id, hash string, v slack.ModalViewRequest) string {
	work, cancel := context.WithTimeout(ctx, postWithin)
	defer cancel()
	_, err := b.API.UpdateViewContext(work, v, "", hash, id)
	code := slackCode(err)
	if err != nil && code != "not_found" && code != "hash_conflict" { // closed meanwhile, or overtaken
		b.Log.WarnContext(ctx, "a form could not be updated", "user", by, "error", slackError("updating a form", harmless(err)))
	}
	return code
}

// draft is what the form begins with: what was typed, and for the rest what
// the person asked for the last time, as far as it is on offer.
func (b *Bot) draft(ctx context.Context, by jit.UserID, typed jit.Ask) (Draft, jit.Offer, error) {
	if err := b.Service.Known(ctx, by); err != nil {
		return Draft{}, jit.Offer{}, err //nolint:wrapcheck // a refusal stays one
	}
	last, _, err := b.Service.Recent(ctx, by)
	if err != nil {
		b.logFault(ctx, "reading the latest request", by, "", err) // the form does without
	}
	d := Draft{Many: len(typed.VMs) > 1, Reason: typed.Reason}
	if typed.Duration > 0 {
		d.Duration = jit.ShortDuration(typed.Duration)
	}
	o, err := b.begin(ctx, by, &d, typed.VMs, last)
	if err != nil {
		return d, o, err
	}
	if len(o.VMs) > maxOptions {
		return d, o, jit.Refuse(jit.ErrInput, "That names %s, which is more than the form holds; write the whole line, with ports, from your address and for the reason.", plural(len(o.VMs), "VM", "VMs"))
	}
	d.VMs, d.Many = b.choices(ctx, by, o.VMs), d.Many || len(o.VMs) > 1
	d.prefill(typed, last, o)
	return d, o, nil
}

// begin finds the VMs that the form begins with. What was typed and cannot be
// found is said in the form.
func (b *Bot) begin(ctx context.Context, by jit.UserID, d *Draft, typed []string, last jit.Request) (jit.Offer, error) {
	if len(typed) == 0 {
		if len(last.Targets) != 1 {
			return jit.Offer{}, nil
		}
		o, err := b.Service.Offer(ctx, by, []string{last.Targets[0].VM})
		if _, refused := errors.AsType[*jit.Refusal](err); refused {
			return jit.Offer{}, nil // it is gone, or no policy offers it any more
		}
		return o, err //nolint:wrapcheck // logged as it is
	}
	o, err := b.Service.Offer(ctx, by, typed)
	if _, refused := errors.AsType[*jit.Refusal](err); !refused {
		return o, err //nolint:wrapcheck // logged as it is
	}
	d.Note = plainSentence(err)
	found := slices.DeleteFunc(slices.Clone(typed), func(word string) bool {
		_, err := b.Service.Offer(ctx, by, []string{word})
		return err != nil
	})
	if len(found) == 0 || len(found) == len(typed) {
		return jit.Offer{}, nil
	}
	if o, err = b.Service.Offer(ctx, by, found); err != nil {
		return jit.Offer{}, nil //nolint:nilerr // the note says what is wrong
	}
	return o, nil
}

// prefill ticks ports, and writes the source and the duration: what was typed,
// else what was asked for the last time, as far as it is on offer.
func (d *Draft) prefill(typed jit.Ask, last jit.Request, o jit.Offer) {
	d.ports(typed, last, o)
	d.source(typed, last, o)
	if d.Duration == "" && len(o.Ports) > 0 {
		d.Duration = jit.ShortDuration(min(time.Hour, o.Longest))
	}
}

// reoffer keeps the ticks that are on offer at the VM that was just chosen.
// shown says that the form had ports before: in a block that stays, Slack keeps
// the ticks there were, so that block takes its other name when they change.
func (d *Draft) reoffer(o jit.Offer, shown bool) {
	before := d.Ports
	d.Ports = slices.DeleteFunc(slices.Clone(before), func(value string) bool { _, _, ok := findPort(value, o); return !ok })
	if len(d.Ports) == 0 && len(o.Ports) == 1 {
		d.Ports = []string{portValue(o.Ports[0].Ports)}
	}
	if shown && !slices.Equal(before, d.Ports) {
		d.Again = !d.Again
	}
}

// ports ticks what was typed, else what was asked for the last time.
func (d *Draft) ports(typed jit.Ask, last jit.Request, o jit.Offer) {
	want := typed.Ports
	if len(want) == 0 {
		want = last.Ports
	}
	var missing []string
	for _, p := range want {
		if _, p, ok := offered(p, o); ok {
			d.Ports = append(d.Ports, portValue(p))
		} else {
			missing = append(missing, p.String())
		}
	}
	if len(typed.Ports) > 0 && len(missing) > 0 && len(o.Ports) > 0 {
		d.say("Not on offer: port " + strings.Join(missing, ", ") + ".")
	}
	if len(d.Ports) == 0 && len(o.Ports) == 1 {
		d.Ports = []string{portValue(o.Ports[0].Ports)}
	}
}

// source is what was typed, else that of the last time where a port accepts it.
func (d *Draft) source(typed jit.Ask, last jit.Request, o jit.Offer) {
	switch {
	case len(typed.Sources) == 1:
		d.Source = addressText(typed.Sources[0])
	case len(last.Sources) > 1 && slices.Equal(last.Sources, o.Sources):
		d.Ranges = true
	case len(last.Sources) == 1:
		accepts := func(pp jit.PortPolicy) bool { return pp.Accepts(last.Sources[0], o.Widest) }
		if len(o.Ports) == 0 || slices.ContainsFunc(o.Ports, accepts) {
			d.Source = addressText(last.Sources[0])
		}
	}
}

func (d *Draft) say(text string) { d.Note = strings.TrimSpace(d.Note + " " + text) }

// lacks reports whether the policies' defaults leave something of a typed
// request open, so that the form must ask for it.
func lacks(a jit.Ask, o jit.Offer) bool {
	ports := a.Ports
	if one := only(o); len(ports) == 0 && one != nil {
		ports = []jit.Ports{one.Ports}
	}
	if a.Reason == "" || len(ports) == 0 {
		return true
	}
	if len(a.Sources) > 0 {
		return false
	}
	return !slices.ContainsFunc(ports, func(p jit.Ports) bool {
		pp, _, ok := offered(p, o)
		return ok && !pp.Any && len(pp.Sources) == 1 && pp.Sources[0].IsSingleIP()
	})
}
