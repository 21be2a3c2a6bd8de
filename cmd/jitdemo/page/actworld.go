package page

import (
	"context"
	"errors"
	"fmt"
	"time"

	"jitbot/jit/azure/azuresim"
)

var errNotHere = errors.New("this demo cannot do that")

// maxSkip is the furthest that one order moves the clock.
const maxSkip = 31 * 24 * time.Hour

// skip moves the demo's clock ahead.
func (h *handler) skip(_ context.Context, o order) (result, error) {
	d := time.Duration(o.Seconds) * time.Second
	if h.opt.Skip == nil || d <= 0 || d > maxSkip {
		return result{}, errNotHere
	}
	h.clock.move(func() { h.opt.Skip(d) })
	return result{}, nil
}

// deadline moves it to the next deadline, where a VM is named to that of its grant.
func (h *handler) deadline(ctx context.Context, o order) (result, error) {
	if h.opt.Skip == nil {
		return result{}, errNotHere
	}
	d, err := h.next(ctx, o.VM)
	if err != nil {
		return result{}, err
	}
	h.clock.move(func() { h.opt.Skip(d) })
	return result{}, nil
}

// slackDown takes the workspace away from the bot, and gives it back.
func (h *handler) slackDown(_ context.Context, o order) (result, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.down = o.On
	h.opt.Slack.Down(o.On)
	return result{}, nil
}

// throttle makes Resource Manager answer 429, and ends that.
func (h *handler) throttle(_ context.Context, o order) (result, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if o.On && h.fault == nil {
		h.fault = h.opt.Azure.AddFault(azuresim.Throttled("5").On("", "/subscriptions/"))
	}
	if !o.On && h.fault != nil {
		h.fault.Remove()
		h.fault = nil
	}
	return result{}, nil
}

// kill ends the bot as a crash would.
func (h *handler) kill(context.Context, order) (result, error) {
	return h.switchBot(h.opt.Kill, false, "killing the bot")
}

// start brings it back.
func (h *handler) start(context.Context, order) (result, error) {
	return h.switchBot(h.opt.Start, true, "starting the bot")
}

// switchBot does one of them at a time, and nothing when it is done already.
func (h *handler) switchBot(do func() error, running bool, what string) (result, error) {
	if do == nil {
		return result{}, errNotHere
	}
	h.power.Lock()
	defer h.power.Unlock()
	if h.opt.Running() == running {
		return result{}, nil
	}
	if err := do(); err != nil {
		return result{}, fmt.Errorf("%s: %w", what, err)
	}
	return result{}, nil
}
