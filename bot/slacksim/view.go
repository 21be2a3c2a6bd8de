package slacksim

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"
)

const (
	// maxView is the size of a view's JSON from which it is view_too_large.
	maxView = 250 << 10
	// maxStack is how many modals lie on each other.
	maxStack = 3
)

// view is a modal or a Home tab: what the app sent, and what was typed into it.
type view struct {
	id, user, hash string
	root, previous string
	body           object // as sent, ids filled in
	state          values
	errors         map[string]string
	trouble        string
	// offered are the options that suggestions brought, by block_id/action_id.
	offered map[string][]object
	closed  bool
}

func (v *view) blocks() []any { return list(v.body, "blocks") }

func (v *view) public() View {
	errs := map[string]string{}
	maps.Copy(errs, v.errors)
	return View{
		ID: v.id, User: v.user, Type: str(v.body, "type"), Hash: v.hash, RootID: v.root, PreviousID: v.previous,
		Title: textOf(v.body, "title"), Submit: textOf(v.body, "submit"), Close: textOf(v.body, "close"),
		CallbackID: str(v.body, "callback_id"), ExternalID: str(v.body, "external_id"),
		PrivateMetadata: str(v.body, "private_metadata"),
		NotifyOnClose:   flag(v.body, "notify_on_close"), ClearOnClose: flag(v.body, "clear_on_close"),
		Blocks: encode(v.blocks()), State: encode(v.state.object()), Errors: errs, Trouble: v.trouble,
	}
}

// viewObject is a view as the Web API and payloads show it.
func (s *Sim) viewObject(v *view) object {
	o := object{
		"id": v.id, "team_id": s.opt.TeamID, "app_id": s.opt.AppID, "app_installed_team_id": s.opt.TeamID,
		"bot_id": s.opt.BotID, "hash": v.hash, "state": v.state.object(), "root_view_id": v.root,
		"previous_view_id": nil, "private_metadata": "", "callback_id": "", "external_id": "",
		"title": nil, "submit": nil, "close": nil, "clear_on_close": false, "notify_on_close": false,
	}
	if s.opt.OrgInstall {
		o["app_installed_team_id"] = s.opt.EnterpriseID
	}
	if v.previous != "" {
		o["previous_view_id"] = v.previous
	}
	for k, val := range copyObject(v.body) {
		if val != nil {
			o[k] = val
		}
	}
	return o
}

// checkView returns what is wrong with a view of one kind.
func checkView(v any, kind string) *apiError {
	body, ok := v.(object)
	if !ok {
		return invalid("invalid_arguments", []string{"[ERROR] must provide an object [json-pointer:/view]"})
	}
	if len(encode(body)) > maxView {
		return &apiError{code: "view_too_large"}
	}
	c := newChecker(kind)
	at := "/view"
	if str(body, "type") != kind {
		c.bad(at+"/type", "unsupported type: %s", str(body, "type"))
	}
	c.text(body, "title", at, 24, kind == onModal, true)
	c.text(body, "submit", at, 24, false, true)
	c.text(body, "close", at, 24, false, true)
	c.string(body, "private_metadata", at, 3000, false)
	c.string(body, "callback_id", at, 255, false)
	c.string(body, "external_id", at, 255, false)
	blocks, ok := body["blocks"].([]any)
	if !ok {
		c.bad(at, "missing required field: blocks")
	}
	c.blocks(blocks, at+"/blocks", 100)
	if kind == onModal && c.inputs && body["submit"] == nil {
		c.bad(at, "must define `submit` to use an `input` block in modals")
	}
	if kind == onHome {
		for _, key := range []string{"title", "submit", "close"} {
			if body[key] != nil {
				c.bad(at+"/"+key, "not allowed in a home view")
			}
		}
	}
	if len(c.messages) == 0 {
		return nil
	}
	return invalid("invalid_arguments", append([]string{"[ERROR] failed to match all allowed schemas [json-pointer:/view]"}, c.messages...))
}

// taken: another view of the workspace has this external_id.
func (s *Sim) taken(external, except string) bool {
	if external == "" {
		return false
	}
	for _, v := range s.views {
		if !v.closed && v.id != except && str(v.body, "external_id") == external {
			return true
		}
	}
	for _, v := range s.homes {
		if v.id != except && str(v.body, "external_id") == external {
			return true
		}
	}
	return false
}

// newView makes a view; its place is the caller's to give. Called with the lock held.
func (s *Sim) newView(user string, body object) *view {
	v := &view{id: s.newID("V"), user: user, offered: map[string][]object{}, state: values{}}
	v.root = v.id
	s.rewrite(v, body)
	return v
}

// rewrite gives a view new content and keeps what was typed.
func (s *Sim) rewrite(v *view, body object) {
	blocks := rawBlocks(s.complete(list(body, "blocks")))
	body["blocks"] = blocks
	v.body, v.state = body, keepState(v.state, blocks)
	v.errors, v.trouble = nil, ""
	v.hash = fmt.Sprintf("%d.%s", time.Now().Unix(), strings.ToLower(s.newID("")))
	s.touch()
}

// stack puts a modal on top of a person's others.
func (s *Sim) stack(v *view) {
	ids := s.stacks[v.user]
	if len(ids) > 0 {
		v.root, v.previous = s.views[ids[0]].id, ids[len(ids)-1]
	}
	s.views[v.id] = v
	s.stacks[v.user] = append(ids, v.id)
	s.touch()
}

// closeAll takes a person's modals away without telling the app.
func (s *Sim) closeAll(user string) {
	for _, id := range s.stacks[user] {
		s.views[id].closed = true
	}
	delete(s.stacks, user)
	s.touch()
}

// pop takes one modal and those above it away.
func (s *Sim) pop(v *view) {
	ids := s.stacks[v.user]
	for i, id := range ids {
		if id != v.id {
			continue
		}
		for _, above := range ids[i:] {
			s.views[above].closed = true
		}
		s.stacks[v.user] = ids[:i]
		if i == 0 {
			delete(s.stacks, v.user)
		}
	}
	s.touch()
}

// top is the modal that a person sees, or nil.
func (s *Sim) top(user string) *view {
	ids := s.stacks[user]
	if len(ids) == 0 {
		return nil
	}
	return s.views[ids[len(ids)-1]]
}

// submissionAnswer decodes what an app answered to a view_submission.
type submissionAnswer struct {
	Action string            `json:"response_action"`
	Errors map[string]string `json:"errors"`
	View   json.RawMessage   `json:"view"`
}
