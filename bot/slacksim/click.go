package slacksim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Click presses a button of a message, ephemeral ones included, answers its
// confirmation with yes, and waits for the acknowledgement. The button is named
// by its action_id, by its words, by "block_id/action_id" or by
// "action_id=value"; it must be the only one of that name.
func (s *Sim) Click(ctx context.Context, userID, channelID, ts, button string) (Reply, error) {
	return s.ClickRaw(ctx, userID, channelID, ts, button, Raw{})
}

// ClickRaw is Click with the payload bent.
func (s *Sim) ClickRaw(ctx context.Context, userID, channelID, ts, button string, raw Raw) (Reply, error) {
	return s.use(ctx, userID, place{channel: channelID, ts: ts}, button, nil, raw)
}

// Choose picks a value of a menu in a message: a select, an overflow menu,
// checkboxes, a date. value is as in Values.
func (s *Sim) Choose(ctx context.Context, userID, channelID, ts, menu string, value any) (Reply, error) {
	return s.use(ctx, userID, place{channel: channelID, ts: ts}, menu, &value, Raw{})
}

// ClickView presses a button in a person's open modal or Home tab. The button
// is named as in Click.
func (s *Sim) ClickView(ctx context.Context, userID, viewID, button string) (Reply, error) {
	return s.ClickViewRaw(ctx, userID, viewID, button, Raw{})
}

// ClickViewRaw is ClickView with the payload bent.
func (s *Sim) ClickViewRaw(ctx context.Context, userID, viewID, button string, raw Raw) (Reply, error) {
	return s.use(ctx, userID, place{view: viewID}, button, nil, raw)
}

// place is where an element is: a message or a view.
type place struct{ channel, ts, view string }

// spot is an element found.
type spot struct {
	m         *message
	shown     Message // the version of m that was clicked on
	v         *view
	block, el object
}

// use presses or changes one element and waits for the app.
func (s *Sim) use(ctx context.Context, userID string, at place, name string, value *any, raw Raw) (Reply, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return Reply{}, ErrClosed
	}
	sp, err := s.locate(userID, at, name, raw)
	if err == nil && value != nil {
		err = s.change(sp, *value)
	}
	if err != nil {
		s.mu.Unlock()
		return Reply{}, err
	}
	dialog := dialogOf(sp.el)
	if raw.Dismiss {
		s.mu.Unlock()
		return Reply{Confirm: dialog}, nil
	}
	send := func() *pending {
		payload := s.clickPayload(userID, sp, value)
		raw.apply(payload)
		return s.post("interactive", false, payload, nil)
	}
	p := send()
	var twin *pending
	if raw.Double {
		twin = send()
	}
	s.mu.Unlock()
	r, err := s.finish(ctx, p)
	if twin != nil {
		_, err2 := s.finish(ctx, twin)
		err = errors.Join(err, err2)
	}
	r.Confirm = dialog
	if errors.Is(err, ErrTimeout) || errors.Is(err, ErrDispatchFailed) {
		// Slack draws a warning triangle beside the element.
		s.mu.Lock()
		s.trouble(Trouble{User: userID, Channel: at.channel, TS: at.ts, View: at.view, Text: "⚠ " + str(sp.el, "action_id")})
		s.mu.Unlock()
	}
	return r, err
}

func (s *Sim) trouble(t Trouble) {
	t.At = time.Now()
	s.troubles = append(s.troubles, t)
	s.touch()
}

// locate finds an element where a person sees it. Called with the lock held.
func (s *Sim) locate(userID string, at place, name string, raw Raw) (spot, error) {
	if err := s.mayAct(userID, at.channel); err != nil && !raw.Force {
		return spot{}, err
	}
	if at.view != "" {
		v, err := s.open(userID, at.view, raw)
		if err != nil {
			return spot{}, err
		}
		block, el, err := pick(v.blocks(), name)
		return spot{v: v, block: block, el: el}, err
	}
	m := s.seen(userID, at)
	if m == nil {
		return spot{}, fmt.Errorf("%w: message %s in %s", ErrUnknown, at.ts, at.channel)
	}
	versions := []Message{m.Message}
	if raw.Stale {
		versions = slices.Clone(m.history)
		slices.Reverse(versions)
	}
	var err error
	for _, old := range versions {
		block, el, bad := pick(rawBlocks(old.Blocks), name)
		if bad == nil {
			return spot{m: m, shown: old, block: block, el: el}, nil
		}
		err = bad
	}
	if err == nil {
		err = fmt.Errorf("%w: no earlier version of %s", ErrUnknown, at.ts)
	}
	return spot{}, err
}

// seen is the message that a person sees at a place, nil when there is none.
// Called with the lock held.
func (s *Sim) seen(userID string, at place) *message {
	m := s.find(at.channel, at.ts)
	for _, e := range s.ephemerals {
		if e.Channel == at.channel && e.TS == at.ts && e.To == userID {
			m = e
		}
	}
	return m
}

// open finds a view on a person's screen: the top modal, or the Home tab.
func (s *Sim) open(userID, viewID string, raw Raw) (*view, error) {
	if h := s.homes[userID]; h != nil && h.id == viewID {
		return h, nil
	}
	v := s.views[viewID]
	if v == nil || v.user != userID {
		return nil, fmt.Errorf("%w: view %s of %s", ErrUnknown, viewID, userID)
	}
	if !raw.Force && s.top(userID) != v {
		return nil, fmt.Errorf("%w: view %s is not the one on top", ErrCannotAct, viewID)
	}
	return v, nil
}

// pick finds one element by any of its names.
func pick(blocks []any, name string) (block, el object, err error) {
	for _, match := range []func(b, e object) bool{
		func(_, e object) bool { return str(e, "action_id") == name },
		func(b, _ object) bool { return str(b, "type") == "input" && str(b, "block_id") == name },
		func(_, e object) bool { return textOf(e, "text") == name },
		func(b, e object) bool { return str(b, "block_id")+"/"+str(e, "action_id") == name },
		func(_, e object) bool { return str(e, "action_id")+"="+str(e, "value") == name },
	} {
		found := 0
		walk(blocks, func(b, e object) {
			if match(b, e) {
				found++
				block, el = b, e
			}
		})
		if found == 1 {
			return block, el, nil
		}
		if found > 1 {
			return nil, nil, fmt.Errorf("%w: %d elements are called %q", ErrUnknown, found, name)
		}
	}
	var have []string
	walk(blocks, func(_, e object) { have = append(have, str(e, "action_id")) })
	return nil, nil, fmt.Errorf("%w: no element %q among %s", ErrUnknown, name, strings.Join(have, ", "))
}

// change stores what a person chose, so that the state in the payload has it.
func (s *Sim) change(sp spot, value any) error {
	block, action := str(sp.block, "block_id"), str(sp.el, "action_id")
	if str(sp.el, "type") == "overflow" {
		word, _ := value.(string)
		if findOption(optionsOf(sp.el), word) == nil {
			return fmt.Errorf("%w: option %q", ErrUnknown, word)
		}
		return nil
	}
	var offered []object
	var state values
	if sp.v != nil {
		offered, state = sp.v.offered[block+"/"+action], sp.v.state
	} else {
		state = sp.m.state
	}
	entered, err := enter(sp.el, value, offered)
	if err != nil {
		return err
	}
	state.set(block, action, entered)
	s.touch()
	return nil
}

// clickPayload is a block_actions payload. Called with the lock held.
func (s *Sim) clickPayload(userID string, sp spot, value *any) object {
	p := s.interaction("block_actions", userID)
	block, actionID := str(sp.block, "block_id"), str(sp.el, "action_id")
	action := object{"type": str(sp.el, "type"), "block_id": block, "action_id": actionID, "action_ts": s.newTS()}
	for _, key := range []string{"text", "value", "style", "confirm", "placeholder"} {
		if sp.el[key] != nil {
			action[key] = sp.el[key]
		}
	}
	var state values
	if sp.v != nil {
		state = sp.v.state
		p["container"] = object{"type": "view", "view_id": sp.v.id}
		p["view"] = s.viewObject(sp.v)
		p["trigger_id"] = s.newTrigger(userID, sp.v.id)
	} else {
		state = sp.m.state
		s.messageContext(p, userID, sp)
		p["trigger_id"] = s.newTrigger(userID, "")
		p["state"] = state.object()
	}
	maps.Copy(action, state[block][actionID])
	if str(sp.el, "type") == "overflow" && value != nil {
		word, _ := (*value).(string)
		action["selected_option"] = findOption(optionsOf(sp.el), word)
	}
	p["actions"] = []any{action}
	return p
}

// messageContext says where a click on a message happened. A click on an
// ephemeral message carries no message.
func (s *Sim) messageContext(p object, userID string, sp spot) {
	m := sp.m
	container := object{"type": "message", "message_ts": m.TS, "channel_id": m.Channel, "is_ephemeral": m.To != ""}
	if m.ThreadTS != "" {
		container["thread_ts"] = m.ThreadTS
	}
	p["container"] = container
	name := ""
	if c, ok := s.channels[m.Channel]; ok {
		name = channelName(c)
	}
	p["channel"] = object{"id": m.Channel, "name": name}
	thread := ""
	if m.ThreadTS != m.TS {
		thread = m.ThreadTS
	}
	p["response_url"] = s.newResponder(&responder{channel: m.Channel, user: userID, origin: m, thread: thread})
	if m.To == "" {
		old := *m
		old.Message = sp.shown
		p["message"] = s.messageObject(&old)
	}
}
