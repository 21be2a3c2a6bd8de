package page

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"jitbot/bot/slacksim"
)

// slash types a slash command. Slack's own client answers those it does not know.
func (h *handler) slash(ctx context.Context, o order) (result, error) {
	command, rest, _ := strings.Cut(strings.TrimSpace(o.Text), " ")
	if !slices.ContainsFunc(h.opt.Slack.Options().Commands, func(c slacksim.Command) bool { return c.Name == command }) {
		return result{Failure: command + " is not a valid command"}, nil
	}
	return slackFailure(h.opt.Slack.Slash(ctx, o.As, o.Channel, command, strings.TrimSpace(rest)))
}

// say posts a message, or a reply where it names a thread; Slack's client escapes
// it and makes mentions of the names in it.
func (h *handler) say(ctx context.Context, o order) (result, error) {
	return slackFailure(h.opt.Slack.SayIn(ctx, o.As, o.Channel, o.Thread, o.Text))
}

// click presses a button of a message. A card may change under the pointer:
// then it is the button of the earlier version that was pressed, as in Slack.
func (h *handler) click(ctx context.Context, o order) (result, error) {
	r, err := h.opt.Slack.Click(ctx, o.As, o.Channel, o.TS, o.element())
	if errors.Is(err, slacksim.ErrUnknown) {
		late, again := h.opt.Slack.ClickRaw(ctx, o.As, o.Channel, o.TS, o.element(), slacksim.Raw{Stale: true})
		if !errors.Is(again, slacksim.ErrUnknown) {
			return slackFailure(late, again)
		}
	}
	return slackFailure(r, err)
}

// choose picks a value of a menu in a message.
func (h *handler) choose(ctx context.Context, o order) (result, error) {
	return slackFailure(h.opt.Slack.Choose(ctx, o.As, o.Channel, o.TS, o.element(), o.Value.value))
}

func (h *handler) home(ctx context.Context, o order) (result, error) {
	return slackFailure(h.opt.Slack.OpenHome(ctx, o.As))
}

func (h *handler) messagesTab(ctx context.Context, o order) (result, error) {
	return slackFailure(h.opt.Slack.OpenMessagesTab(ctx, o.As))
}

func (h *handler) shortcut(ctx context.Context, o order) (result, error) {
	return slackFailure(h.opt.Slack.Shortcut(ctx, o.As, o.Action))
}

// keep stores what was typed so far, so that the app sees it with what comes next.
func (h *handler) keep(ctx context.Context, o order) error {
	if len(o.Values) == 0 {
		return nil
	}
	if _, err := h.opt.Slack.Fill(ctx, o.As, o.View, o.values()); err != nil {
		return fmt.Errorf("keeping what was typed: %w", err)
	}
	return nil
}

// press presses a button in a modal or on the Home tab.
func (h *handler) press(ctx context.Context, o order) (result, error) {
	if err := h.keep(ctx, o); err != nil {
		return result{}, err
	}
	return slackFailure(h.opt.Slack.ClickView(ctx, o.As, o.View, o.element()))
}

// fill changes one element of a view that the app wants to hear of.
func (h *handler) fill(ctx context.Context, o order) (result, error) {
	if err := h.keep(ctx, o); err != nil {
		return result{}, err
	}
	return slackFailure(h.opt.Slack.Fill(ctx, o.As, o.View, slacksim.Values{o.element(): o.Value.value}))
}

func (h *handler) submit(ctx context.Context, o order) (result, error) {
	return slackFailure(h.opt.Slack.Submit(ctx, o.As, o.View, o.values()))
}

func (h *handler) closeView(ctx context.Context, o order) (result, error) {
	return slackFailure(h.opt.Slack.CloseView(ctx, o.As, o.View))
}

func (h *handler) clear(ctx context.Context, o order) (result, error) {
	return slackFailure(h.opt.Slack.ClearViews(ctx, o.As))
}

// suggest asks the app for the options of an external select.
func (h *handler) suggest(ctx context.Context, o order) (result, error) {
	if err := h.keep(ctx, o); err != nil {
		return result{}, err
	}
	options, err := h.opt.Slack.Suggest(ctx, o.As, o.View, o.element(), o.Text)
	out, err := slackFailure(slacksim.Reply{}, err)
	out.Options = options
	return out, err
}
