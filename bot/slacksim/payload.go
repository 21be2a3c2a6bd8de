package slacksim

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// verificationToken is in every payload for the sake of old apps; Socket Mode
// clients do not check it.
const verificationToken = "simulated-verification-token"

type trigger struct {
	user string
	made time.Time
	used bool
	view string // the modal it came from, which views.push needs
}

// newTrigger makes a trigger_id for a person. Called with the lock held.
func (s *Sim) newTrigger(user, viewID string) string {
	id := strings.ReplaceAll(s.newTS(), ".", "") + ".2222222222." + strings.ReplaceAll(s.newUUID(), "-", "")
	s.triggers[id] = &trigger{user: user, made: time.Now(), view: viewID}
	return id
}

// spend uses up a trigger_id.
func (s *Sim) spend(id string) (*trigger, *apiError) {
	t, ok := s.triggers[id]
	switch {
	case !ok:
		return nil, &apiError{code: "invalid_trigger_id"}
	case t.used:
		return nil, &apiError{code: "exchanged_trigger_id"}
	case time.Since(t.made) > s.opt.TriggerLife:
		return nil, &apiError{code: "expired_trigger_id"}
	}
	t.used = true
	return t, nil
}

// team is the workspace a person belongs to, which for a stranger is another.
func (s *Sim) teamOf(userID string) string {
	if u, ok := s.users[userID]; ok && u.TeamID != "" {
		return u.TeamID
	}
	return s.opt.TeamID
}

// enterprise is the organization of a person.
func (s *Sim) enterprise(userID string) any {
	if s.opt.EnterpriseID == "" || s.users[userID].Stranger {
		return nil
	}
	return object{"id": s.opt.EnterpriseID, "name": s.opt.TeamName + " Enterprise"}
}

// interaction is what all interactive payloads share. Those of a form name the
// workspace of whoever fills it, which in a connected channel is another than the
// app's (slackapi/bolt-js#1614). A menu's say the organization in other places, and
// an installation in a whole organization names no workspace at all.
func (s *Sim) interaction(kind, userID string) object {
	u := s.users[userID]
	team := object{"id": s.opt.TeamID, "domain": s.opt.TeamDomain}
	if strings.HasPrefix(kind, "view_") && s.teamOf(userID) != s.opt.TeamID {
		team = object{"id": s.teamOf(userID), "domain": "elsewhere"}
	}
	if s.opt.EnterpriseID != "" && !u.Stranger {
		team["enterprise_id"], team["enterprise_name"] = s.opt.EnterpriseID, s.opt.TeamName+" Enterprise"
	}
	p := object{
		"type": kind, "api_app_id": s.opt.AppID, "token": verificationToken, "team": team,
		"user":       object{"id": userID, "username": u.Name, "name": u.Name, "team_id": s.teamOf(userID)},
		"enterprise": s.enterprise(userID), "is_enterprise_install": s.opt.OrgInstall,
	}
	if s.opt.OrgInstall {
		p["team"] = nil
	}
	if kind == "block_suggestion" && s.opt.EnterpriseID != "" && !u.Stranger {
		obj(p, "user")["team_id"] = s.opt.EnterpriseID
		if !s.opt.OrgInstall {
			delete(p, "enterprise")
			delete(p, "is_enterprise_install")
		}
	}
	return p
}

// slashPayload has string values only: Slack renders the fields of its HTTP
// form, is_enterprise_install too.
func (s *Sim) slashPayload(userID string, c *channel, command, text string, r *responder) object {
	p := object{
		"token": verificationToken, "team_id": s.teamOf(userID), "team_domain": s.opt.TeamDomain,
		"channel_id": c.ID, "channel_name": channelName(c),
		"user_id": userID, "user_name": s.users[userID].Name,
		"command": command, "text": s.escape(command, text),
		"api_app_id": s.opt.AppID, "is_enterprise_install": strconv.FormatBool(s.opt.OrgInstall),
		"response_url": s.newResponder(r),
		"trigger_id":   s.newTrigger(userID, ""),
	}
	if s.opt.EnterpriseID != "" && !s.users[userID].Stranger {
		p["enterprise_id"] = s.opt.EnterpriseID
		p["enterprise_name"] = s.opt.TeamName + " Enterprise"
	}
	return p
}

// escape does what should_escape asks for: &, < and > become entities, and
// typed @names, #names and web addresses become <@U…>, <#C…|name> and <…>.
func (s *Sim) escape(command, text string) string {
	text = strings.TrimSpace(text)
	on := false
	for _, c := range s.opt.Commands {
		on = on || (c.Name == command && c.ShouldEscape)
	}
	if !on {
		return text
	}
	return s.escapeWords(text)
}

// escapeWords is the text of a message as Slack keeps it.
func (s *Sim) escapeWords(text string) string {
	words := strings.Split(text, " ")
	for i, w := range words {
		words[i] = s.escapeWord(w)
	}
	return strings.Join(words, " ")
}

func (s *Sim) escapeWord(w string) string {
	name := strings.TrimRight(w, ".,;:!?")
	rest := w[len(name):]
	switch {
	case strings.HasPrefix(name, "@"):
		if mention := s.mention(name[1:]); mention != "" {
			return mention + rest
		}
	case strings.HasPrefix(name, "#"):
		for _, c := range s.channels {
			if c.Name != "" && c.Name == name[1:] {
				return "<#" + c.ID + "|" + c.Name + ">" + rest
			}
		}
	case strings.HasPrefix(name, "http://"), strings.HasPrefix(name, "https://"):
		return "<" + entities(name) + ">" + rest
	case s.picked(w):
		return w
	}
	return entities(w)
}

// mention is the escaped form of a person's or a user group's name, empty when
// nobody is called so.
func (s *Sim) mention(name string) string {
	switch name {
	case "channel", "here", "everyone":
		return "<!" + name + ">"
	}
	for _, u := range s.users {
		if strings.EqualFold(u.Name, name) {
			return "<@" + u.ID + ">"
		}
	}
	for _, g := range s.groups {
		if strings.EqualFold(g.Handle, name) {
			return "<!subteam^" + g.ID + "|@" + g.Handle + ">"
		}
	}
	return ""
}

var pickedName = regexp.MustCompile(`^<(@|#|!subteam\^)([A-Z0-9]+)(?:\|[^<>|]*)?>[.,;:!?]*$`)

// picked reports whether a word is what Slack's client sends when a name of the workspace
// was picked from its list. What only looks so was typed, letter by letter.
func (s *Sim) picked(w string) bool {
	m := pickedName.FindStringSubmatch(w)
	if m == nil {
		return false
	}
	_, user := s.users[m[2]]
	_, place := s.channels[m[2]]
	_, group := s.groups[m[2]]
	return m[1] == "@" && (user || m[2] == s.opt.BotUserID) || m[1] == "#" && place || m[1] == "!subteam^" && group
}

func entities(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// eventPayload wraps an event as the Events API does.
func (s *Sim) eventPayload(event object) object {
	var org any
	if s.opt.EnterpriseID != "" {
		org = s.opt.EnterpriseID
	}
	var installed any = s.opt.TeamID
	if s.opt.OrgInstall {
		installed = nil
	}
	c, ok := s.channels[str(event, "channel")]
	p := object{
		"token": verificationToken, "team_id": s.opt.TeamID, "context_team_id": s.opt.TeamID,
		"context_enterprise_id": org, "api_app_id": s.opt.AppID, "event": event,
		"type": "event_callback", "event_id": s.newID("Ev"), "event_time": time.Now().Unix(),
		"authorizations": []any{object{
			"enterprise_id": org, "team_id": installed, "user_id": s.opt.BotUserID,
			"is_bot": true, "is_enterprise_install": s.opt.OrgInstall,
		}},
		"is_ext_shared_channel": ok && c.ExtShared, "event_context": "4-simulated-" + s.opt.AppID,
	}
	if org != nil {
		p["enterprise_id"] = org
	}
	return p
}

// messageObject is a message as the Web API and clicks show it.
func (s *Sim) messageObject(m *message) object {
	o := object{"type": "message", "user": m.User, "ts": m.TS, "text": m.Text, "team": s.opt.TeamID}
	if m.bot {
		o["bot_id"], o["app_id"] = s.opt.BotID, s.opt.AppID
		o["bot_profile"] = object{
			"id": s.opt.BotID, "app_id": s.opt.AppID, "name": s.opt.BotName, "deleted": false, "team_id": s.opt.TeamID,
		}
	}
	if len(m.Blocks) > 0 {
		o["blocks"] = rawBlocks(m.Blocks)
	}
	if m.ThreadTS != "" {
		o["thread_ts"] = m.ThreadTS
		if m.ThreadTS != m.TS {
			o["parent_user_id"] = s.authorOf(m.Channel, m.ThreadTS)
		}
	}
	if len(m.Metadata) > 0 {
		o["metadata"], _ = decode(m.Metadata)
	}
	if m.Edited {
		o["edited"] = object{"user": m.User, "ts": m.edited}
	}
	return o
}

func (s *Sim) authorOf(channelID, ts string) string {
	if m := s.find(channelID, ts); m != nil {
		return m.User
	}
	return ""
}

func (s *Sim) find(channelID, ts string) *message {
	for _, m := range s.messages {
		if m.Channel == channelID && m.TS == ts {
			return m
		}
	}
	return nil
}
