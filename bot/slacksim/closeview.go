package slacksim

import (
	"context"
	"fmt"
	"slices"
	"unicode/utf8"
)

// CloseView presses a modal's close button. The app hears of it (view_closed)
// only with notify_on_close; then it is awaited. With clear_on_close all modals
// of the person close.
func (s *Sim) CloseView(ctx context.Context, userID, viewID string) (Reply, error) {
	s.mu.Lock()
	v, err := s.open(userID, viewID, Raw{})
	if err == nil && s.views[viewID] == nil {
		err = fmt.Errorf("%w: a Home tab does not close", ErrCannotAct)
	}
	if err != nil {
		s.mu.Unlock()
		return Reply{}, err
	}
	if flag(v.body, "clear_on_close") {
		s.mu.Unlock()
		return s.ClearViews(ctx, userID)
	}
	s.pop(v)
	p := s.reportClosed(userID, v, false)
	s.mu.Unlock()
	if p == nil {
		return Reply{}, nil
	}
	return s.finish(ctx, p)
}

// ClearViews presses the X: all modals of a person close, and those with
// notify_on_close are reported with is_cleared. The Reply is the last one's.
func (s *Sim) ClearViews(ctx context.Context, userID string) (Reply, error) {
	s.mu.Lock()
	var sent []*pending
	for _, id := range slices.Backward(s.stacks[userID]) {
		if p := s.reportClosed(userID, s.views[id], true); p != nil {
			sent = append(sent, p)
		}
	}
	s.closeAll(userID)
	s.mu.Unlock()
	var last Reply
	for _, p := range sent {
		r, err := s.finish(ctx, p)
		if err != nil {
			return r, err
		}
		last = r
	}
	return last, nil
}

// reportClosed reports one closed view, when it wants to be reported.
func (s *Sim) reportClosed(userID string, v *view, cleared bool) *pending {
	if !flag(v.body, "notify_on_close") {
		return nil
	}
	payload := s.interaction("view_closed", userID)
	payload["view"] = s.viewObject(v)
	payload["is_cleared"] = cleared
	return s.post("interactive", false, payload, nil)
}

// Suggest types into an external_select of an open modal or Home tab and
// returns the options the app offers; they can then be chosen with Fill and
// Submit. Fewer characters than min_query_length (3 when the app does not say)
// send nothing and give no options. ErrTrouble: the answer was not valid.
func (s *Sim) Suggest(ctx context.Context, userID, viewID, menu, query string) ([]Option, error) {
	s.mu.Lock()
	sp, err := s.locate(userID, place{view: viewID}, menu, Raw{})
	if err == nil && str(sp.el, "type") != "external_select" && str(sp.el, "type") != "multi_external_select" {
		err = fmt.Errorf("%w: %s asks for no suggestions", ErrUnknown, menu)
	}
	if err != nil || utf8.RuneCountInString(query) < intOf(sp.el, "min_query_length", 3) {
		s.mu.Unlock()
		return nil, err
	}
	block, action := str(sp.block, "block_id"), str(sp.el, "action_id")
	payload := s.interaction("block_suggestion", userID)
	payload["container"] = object{"type": "view", "view_id": sp.v.id}
	payload["view"] = s.viewObject(sp.v)
	payload["block_id"], payload["action_id"], payload["value"] = block, action, query
	p := s.post("interactive", true, payload, nil)
	s.mu.Unlock()
	r, err := s.finish(ctx, p)
	if err != nil {
		return nil, err
	}
	body, err := decodeObject(r.Payload)
	if err != nil {
		return nil, fmt.Errorf("%w: options: %w", ErrTrouble, err)
	}
	c := newChecker(onModal)
	if groups, ok := body["option_groups"].([]any); ok {
		c.groups(groups, "/option_groups")
	} else {
		c.options(body, "", 100, false)
	}
	if len(c.messages) > 0 {
		return nil, fmt.Errorf("%w: %v", ErrTrouble, c.messages)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := optionsOf(body)
	key := block + "/" + action
	sp.v.offered[key] = append(sp.v.offered[key], found...)
	var out []Option
	for _, o := range found {
		out = append(out, Option{Text: textOf(o, "text"), Value: str(o, "value")})
	}
	return out, nil
}
