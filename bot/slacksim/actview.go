package slacksim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// Values is what a person fills in, by the input's action_id, its block_id, or
// "block_id/action_id". A value is a string (text, an option's value or words,
// an id, a date), a []string for elements that take several, or nil to clear.
type Values map[string]any

// troubleText is what Slack shows over a modal whose answer was late or invalid.
const troubleText = "We had some trouble connecting. Try again?"

// requiredText is what Slack's client says about an empty input.
const requiredText = "Please complete this required field."

// Fill types into an open modal without submitting it. Elements that report
// changes (dispatch_action, and everything outside of input blocks) send
// block_actions, one after the other, each awaited. The Reply is the last one's.
func (s *Sim) Fill(ctx context.Context, userID, viewID string, in Values) (Reply, error) {
	var last Reply
	for _, name := range slices.Sorted(maps.Keys(in)) {
		value := in[name]
		s.mu.Lock()
		sp, err := s.locate(userID, place{view: viewID}, name, Raw{})
		if err == nil {
			err = s.change(sp, value)
		}
		s.mu.Unlock()
		if err != nil {
			return last, err
		}
		if str(sp.block, "type") == "input" && !flag(sp.block, "dispatch_action") {
			continue
		}
		if last, err = s.use(ctx, userID, place{view: viewID}, name, &value, Raw{}); err != nil {
			return last, err
		}
	}
	return last, nil
}

// Submit types values into the modal on top and presses its submit button. The
// values change no other element and dispatch nothing: use Fill for that.
// Required inputs that are empty stop it, as in Slack's client: Reply.Errors is
// set and Sent is false. Errors of the app are in Reply.Errors too; after
// update and push Reply.View is the view now on top. ErrTrouble: the answer was
// not valid. ErrTimeout: there was none; the modal stays, with View.Trouble.
func (s *Sim) Submit(ctx context.Context, userID, viewID string, in Values) (Reply, error) {
	return s.SubmitRaw(ctx, userID, viewID, in, Raw{})
}

// SubmitRaw is Submit with the payload bent.
func (s *Sim) SubmitRaw(ctx context.Context, userID, viewID string, in Values, raw Raw) (Reply, error) {
	s.mu.Lock()
	v, lacking, err := s.typeIn(userID, viewID, in, raw)
	if err != nil || len(lacking) > 0 {
		s.mu.Unlock()
		return Reply{Errors: lacking}, err
	}
	v.errors, v.trouble = nil, ""
	send := func() *pending {
		payload := s.interaction("view_submission", userID)
		payload["trigger_id"] = s.newTrigger(userID, v.id)
		payload["view"] = s.viewObject(v)
		payload["response_urls"] = s.responseURLs(v)
		raw.apply(payload)
		p := s.post("interactive", true, payload, nil)
		p.apply = func(ack json.RawMessage) error { return s.settle(v, ack) }
		return p
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
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(err, ErrTimeout) || errors.Is(err, ErrDispatchFailed) || errors.Is(err, ErrTrouble) {
		v.trouble, r.Text = troubleText, troubleText
		s.trouble(Trouble{User: userID, View: v.id, Text: troubleText})
	}
	if len(v.errors) > 0 {
		r.Errors = maps.Clone(v.errors)
	}
	if top := s.top(userID); top != nil {
		shown := top.public()
		r.View = &shown
	}
	return r, err
}

// responseURLs are for the channels chosen in menus with response_url_enabled.
// Called with the lock held.
func (s *Sim) responseURLs(v *view) []any {
	out := []any{}
	walk(v.blocks(), func(block, el object) {
		id, action := str(block, "block_id"), str(el, "action_id")
		key, _ := stateKey(str(el, "type"))
		channelID := str(v.state[id][action], key)
		if flag(el, "response_url_enabled") && channelID != "" {
			out = append(out, object{
				"block_id": id, "action_id": action, "channel_id": channelID,
				"response_url": s.newResponder(&responder{channel: channelID, user: v.user}),
			})
		}
	})
	return out
}

// typeIn puts values into a modal and says which inputs stop its submission.
// Called with the lock held.
func (s *Sim) typeIn(userID, viewID string, in Values, raw Raw) (*view, map[string]string, error) {
	if s.closed {
		return nil, nil, ErrClosed
	}
	if err := s.mayAct(userID, ""); err != nil && !raw.Force {
		return nil, nil, err
	}
	v, err := s.open(userID, viewID, raw)
	if err != nil {
		return nil, nil, err
	}
	if v.body["submit"] == nil && !raw.Force {
		return nil, nil, fmt.Errorf("%w: view %s has no submit button", ErrCannotAct, viewID)
	}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		block, el, err := pick(v.blocks(), name)
		if err != nil {
			return nil, nil, err
		}
		if err := s.change(spot{v: v, block: block, el: el}, in[name]); err != nil {
			return nil, nil, err
		}
	}
	if raw.Force {
		return v, nil, nil
	}
	lacking := v.lacking()
	v.errors = maps.Clone(lacking)
	return v, lacking, nil
}

// lacking is what Slack's own client says about the inputs, by block.
func (v *view) lacking() map[string]string {
	out := map[string]string{}
	walk(v.blocks(), func(block, el object) {
		if str(block, "type") != "input" {
			return
		}
		if text := complaint(block, el, v.state[str(block, "block_id")][str(el, "action_id")]); text != "" {
			out[str(block, "block_id")] = text
		}
	})
	return out
}

// complaint is what Slack's own client says about an input, or empty.
func complaint(block, el, value object) string {
	if !filled(value) {
		if flag(block, "optional") {
			return ""
		}
		return requiredText
	}
	text, ok := value["value"].(string)
	if !ok {
		return ""
	}
	n := utf8.RuneCountInString(text)
	if least := intOf(el, "min_length", 0); n < least {
		return fmt.Sprintf("Must be at least %d characters long.", least)
	}
	if most := intOf(el, "max_length", 3000); n > most {
		return fmt.Sprintf("Must be less than %d characters.", most+1)
	}
	return ""
}

// settle carries out an app's answer to a submission. Called with the lock held.
func (s *Sim) settle(v *view, payload json.RawMessage) error {
	if v.closed {
		return nil
	}
	if payload == nil {
		s.pop(v)
		return nil
	}
	var a submissionAnswer
	if err := json.Unmarshal(payload, &a); err != nil {
		return fmt.Errorf("%w: %w", ErrTrouble, err)
	}
	switch a.Action {
	case "":
		s.pop(v)
		return nil
	case "clear":
		s.closeAll(v.user)
		return nil
	case "errors":
		return s.showErrors(v, a.Errors)
	case "update", "push":
	default:
		return fmt.Errorf("%w: response_action %q", ErrTrouble, a.Action)
	}
	body, err := decodeObject(a.View)
	if err != nil {
		return fmt.Errorf("%w: view: %w", ErrTrouble, err)
	}
	if bad := checkView(body, onModal); bad != nil {
		return fmt.Errorf("%w: %s %v", ErrTrouble, bad.code, bad.extra)
	}
	except := ""
	if a.Action == "update" {
		except = v.id
	}
	if s.taken(str(body, "external_id"), except) {
		return fmt.Errorf("%w: duplicate_external_id", ErrTrouble)
	}
	if a.Action == "update" {
		s.rewrite(v, body)
		return nil
	}
	if len(s.stacks[v.user]) >= maxStack {
		return fmt.Errorf("%w: push_limit_reached", ErrTrouble)
	}
	s.stack(s.newView(v.user, body))
	return nil
}

// showErrors puts field errors beside inputs. Keys that are not the block_id of
// an input block make the whole answer invalid.
func (s *Sim) showErrors(v *view, errs map[string]string) error {
	inputs := map[string]bool{}
	for _, b := range v.blocks() {
		if block, ok := b.(object); ok && str(block, "type") == "input" {
			inputs[str(block, "block_id")] = true
		}
	}
	for key, text := range errs {
		if !inputs[key] || text == "" {
			return fmt.Errorf("%w: errors of %q, which is no input block", ErrTrouble, key)
		}
	}
	if len(errs) == 0 {
		return fmt.Errorf("%w: response_action errors without errors", ErrTrouble)
	}
	v.errors = maps.Clone(errs)
	s.touch()
	return nil
}
