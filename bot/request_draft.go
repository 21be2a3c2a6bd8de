package bot

import (
	"context"
	"errors"
	"slices"

	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/lookup"
	"jitbot/jit/text"
)

// requestDraft is what the form begins with: what was typed, and for the rest what
// the person asked for the last time, as far as it is on offer.
func (b *Bot) requestDraft(ctx context.Context, by jit.UserID, typed jit.Ask) (view.RequestDraft, lookup.Offer, error) {
	if err := b.Service.Known(ctx, by); err != nil {
		return view.RequestDraft{}, lookup.Offer{}, err //nolint:wrapcheck // a refusal stays one
	}
	last, _, err := b.Service.Recent(ctx, by)
	if err != nil {
		b.logFault(ctx, "reading the latest request", by, "", err) // the form does without
	}
	d := view.RequestDraft{Reason: typed.Reason}
	if typed.Duration > 0 {
		d.Duration = text.Duration(typed.Duration)
	}
	o, err := b.draftOffer(ctx, by, &d, typed.VMs, last)
	if err != nil {
		return d, o, err
	}
	if len(o.VMs) > view.MaxOptions {
		return d, o, jit.Refuse(jit.ErrInput,
			"That names %s, which is more than the form holds; write the whole line, with ports, from your address and for the reason.",
			text.Count(len(o.VMs), "VM", "VMs"))
	}
	d.VMs = b.vmChoices(ctx, by, o.VMs)
	d.Prefill(typed, last, o)
	d.FocusOnMissing(o)
	return d, o, nil
}

// draftOffer finds the VMs that the form begins with. What was typed and cannot be
// found is said in the form.
func (b *Bot) draftOffer(ctx context.Context, by jit.UserID, d *view.RequestDraft, typed []string, last jit.Request) (lookup.Offer, error) {
	if len(typed) == 0 {
		if len(last.Targets) != 1 {
			return lookup.Offer{}, nil
		}
		o, err := b.Service.Offer(ctx, by, []string{last.Targets[0].VM})
		if _, refused := errors.AsType[*jit.Refusal](err); refused {
			return lookup.Offer{}, nil // it is gone, or no policy offers it any more
		}
		return o, err //nolint:wrapcheck // logged as it is
	}
	o, err := b.Service.Offer(ctx, by, typed)
	if _, refused := errors.AsType[*jit.Refusal](err); !refused {
		return o, err //nolint:wrapcheck // logged as it is
	}
	d.Note = view.PlainRefusal(err)
	found := slices.DeleteFunc(slices.Clone(typed), func(word string) bool {
		_, err := b.Service.Offer(ctx, by, []string{word})
		return err != nil
	})
	if len(found) == 0 || len(found) == len(typed) {
		return lookup.Offer{}, nil
	}
	if o, err = b.Service.Offer(ctx, by, found); err != nil {
		return lookup.Offer{}, nil //nolint:nilerr // the note says what is wrong
	}
	return o, nil
}
