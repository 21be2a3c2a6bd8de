package slacksim

import (
	"maps"
	"slices"
	"strings"
	"time"
)

func (s *Sim) authTest(*call) (object, *apiError) {
	o := object{
		"url": "https://" + s.opt.TeamDomain + ".slack.com/", "team": s.opt.TeamName, "user": s.opt.BotName,
		"team_id": s.opt.TeamID, "user_id": s.opt.BotUserID, "bot_id": s.opt.BotID, "is_enterprise_install": false,
	}
	if s.opt.EnterpriseID != "" {
		o["enterprise_id"] = s.opt.EnterpriseID
	}
	if s.opt.OrgInstall {
		o["team_id"], o["is_enterprise_install"] = s.opt.EnterpriseID, true
	}
	return o, nil
}

// botsInfo tells of the app's own bot only.
func (s *Sim) botsInfo(c *call) (object, *apiError) {
	if c.str("bot") != s.opt.BotID {
		return fail("bot_not_found")
	}
	return object{"bot": object{
		"id": s.opt.BotID, "deleted": false, "name": s.opt.BotName, "updated": 1, "app_id": s.opt.AppID, "user_id": s.opt.BotUserID,
		"icons": object{},
	}}, nil
}

// userObject leaves the address out for a token without users:read.email.
func (s *Sim) userObject(u User) object {
	profile := object{
		"real_name": u.RealName, "real_name_normalized": u.RealName, "display_name": u.Name,
		"display_name_normalized": u.Name, "team": u.TeamID, "avatar_hash": "", "status_text": "", "status_emoji": "",
	}
	if u.Email != "" && slices.Contains(s.opt.BotScopes, "users:read.email") {
		profile["email"] = u.Email
	}
	o := object{
		"id": u.ID, "team_id": u.TeamID, "name": u.Name, "deleted": u.Deleted, "real_name": u.RealName,
		"profile": profile, "is_bot": u.Bot, "is_app_user": u.AppUser, "updated": time.Now().Unix(),
		"is_email_confirmed": !u.EmailUnconfirmed && u.Email != "", "who_can_share_contact_card": "EVERYONE",
		"tz": u.TZ, "tz_label": u.TZ, "tz_offset": zoneOffset(u.TZ),
		"is_admin": u.Admin, "is_owner": false, "is_primary_owner": false,
		"is_restricted": u.Restricted || u.UltraRestricted, "is_ultra_restricted": u.UltraRestricted,
	}
	for key, set := range map[string]bool{
		"is_stranger": u.Stranger, "is_workflow_bot": u.WorkflowBot,
		"is_connector_bot": u.ConnectorBot, "is_invited_user": u.Invited,
	} {
		if set {
			o[key] = true
		}
	}
	if s.opt.EnterpriseID != "" && !u.Stranger {
		o["enterprise_user"] = object{
			"id": u.ID, "enterprise_id": s.opt.EnterpriseID, "enterprise_name": s.opt.TeamName + " Enterprise",
			"is_admin": false, "is_owner": false, "teams": append([]string{u.TeamID}, u.Teams...),
		}
	}
	if u.NoTeam {
		delete(o, "team_id")
		delete(profile, "team")
		delete(o, "enterprise_user")
	}
	return o
}

func zoneOffset(name string) int {
	loc, err := time.LoadLocation(name)
	if err != nil {
		return 0
	}
	_, offset := time.Now().In(loc).Zone()
	return offset
}

func (s *Sim) usersInfo(c *call) (object, *apiError) {
	if c.str("user") == "" {
		return missing("user")
	}
	u, ok := s.users[c.str("user")]
	if !ok {
		return fail("user_not_found")
	}
	return object{"user": s.userObject(u)}, nil
}

func (s *Sim) usersLookup(c *call) (object, *apiError) {
	if c.str("email") == "" {
		return missing("email")
	}
	for _, u := range s.users {
		if u.Email != "" && strings.EqualFold(u.Email, c.str("email")) && !u.Deleted && !u.Stranger {
			return object{"user": s.userObject(u)}, nil
		}
	}
	return fail("users_not_found")
}

// missing is how Slack refuses a call without a required argument.
func missing(name string) (object, *apiError) {
	return nil, invalid("invalid_arguments", []string{"[ERROR] missing required field: " + name})
}

func invalid(code string, messages []string) *apiError {
	return &apiError{code: code, extra: object{"response_metadata": object{"messages": messages}}}
}

func (s *Sim) groupObject(g Group, users bool) object {
	deleted := 0
	if g.Disabled {
		deleted = 1
	}
	o := object{
		"id": g.ID, "team_id": s.opt.TeamID, "is_usergroup": true, "is_subteam": true, "name": g.Name,
		"description": "", "handle": g.Handle, "is_external": false, "date_create": 1, "date_update": 1,
		"date_delete": deleted, "auto_type": nil, "prefs": object{"channels": []string{}, "groups": []string{}},
		"user_count": len(g.Users),
	}
	if users {
		o["users"] = g.Users
	}
	return o
}

func (s *Sim) groupsList(c *call) (object, *apiError) {
	all := []any{}
	for _, g := range s.groups {
		if !g.Disabled || flag(c.args, "include_disabled") {
			all = append(all, s.groupObject(g, flag(c.args, "include_users")))
		}
	}
	slices.SortFunc(all, func(a, b any) int { return strings.Compare(str(a.(object), "id"), str(b.(object), "id")) })
	return object{"usergroups": all}, nil
}

func (s *Sim) groupUsers(c *call) (object, *apiError) {
	if c.str("usergroup") == "" {
		return missing("usergroup")
	}
	g, ok := s.groups[c.str("usergroup")]
	if !ok || (g.Disabled && !flag(c.args, "include_disabled")) {
		return fail("no_such_subteam")
	}
	return object{"users": append([]string{}, g.Users...)}, nil
}

// visible finds a channel that the bot may know of: private ones only as a
// member, and only with the scope of the channel's kind.
func (s *Sim) visible(id string) (*channel, *apiError) {
	c, ok := s.channels[id]
	if !ok {
		return nil, &apiError{code: "channel_not_found"}
	}
	if err := s.need(c.scope("read"), method{}); err != nil {
		return nil, err
	}
	if c.Private && !c.has(s.opt.BotUserID) {
		return nil, &apiError{code: "channel_not_found"}
	}
	return c, nil
}

func (s *Sim) channelObject(c *channel) object {
	o := object{
		"id": c.ID, "created": c.created.Unix(), "is_archived": c.Archived, "is_im": c.dmWith != "",
		"is_org_shared": false, "context_team_id": s.opt.TeamID, "updated": c.created.UnixMilli(),
	}
	if c.dmWith != "" {
		o["user"] = c.dmWith
		o["is_user_deleted"] = s.users[c.dmWith].Deleted
		o["priority"] = 0
		return o
	}
	maps.Copy(o, object{
		"name": c.Name, "name_normalized": c.Name, "is_channel": !c.Private, "is_group": c.Private,
		"is_private": c.Private, "is_mpim": false, "is_general": false, "is_shared": c.ExtShared, "is_ext_shared": c.ExtShared,
		"is_member": c.has(s.opt.BotUserID), "creator": s.opt.BotUserID, "previous_names": []string{},
		"topic":   object{"value": "", "creator": "", "last_set": 0},
		"purpose": object{"value": "", "creator": "", "last_set": 0},
	})
	return o
}

func (s *Sim) conversationsInfo(c *call) (object, *apiError) {
	ch, err := s.visible(c.str("channel"))
	if err != nil {
		return nil, err
	}
	o := s.channelObject(ch)
	if flag(c.args, "include_num_members") {
		o["num_members"] = len(ch.Members)
	}
	return object{"channel": o}, nil
}

func (s *Sim) conversationsMembers(c *call) (object, *apiError) {
	ch, err := s.visible(c.str("channel"))
	if err != nil {
		return nil, err
	}
	limit := intOf(c.args, "limit", 100)
	from, ok := c.cursor()
	if limit < 1 || limit > 1000 {
		return fail("invalid_limit")
	}
	if !ok || from > len(ch.Members) {
		return fail("invalid_cursor")
	}
	to, next := min(from+limit, len(ch.Members)), ""
	if to < len(ch.Members) {
		next = intText(to)
	}
	return object{
		"members":           append([]string{}, ch.Members[from:to]...),
		"response_metadata": object{"next_cursor": next},
	}, nil
}

// conversationsOpen opens a direct message with one person. Groups of several
// need mpim:write, which jitbot does not ask for, and are refused with it.
func (s *Sim) conversationsOpen(c *call) (object, *apiError) {
	if id := c.str("channel"); id != "" {
		ch, ok := s.channels[id]
		if !ok || ch.dmWith == "" {
			return fail("channel_not_found")
		}
		return object{"channel": object{"id": id}, "no_op": true, "already_open": true}, nil
	}
	ids := strings.Split(c.str("users"), ",")
	if ids[0] == "" {
		return fail("users_list_not_supplied")
	}
	if len(ids) > 1 {
		if err := s.need("mpim:write", method{}); err != nil {
			return nil, err
		}
		return fail("invalid_user_combination")
	}
	if err := s.reachable(ids[0]); err != nil {
		return nil, err
	}
	ch, existed := s.dm(ids[0])
	o := object{"channel": object{"id": ch.ID}}
	if flag(c.args, "return_im") {
		o["channel"] = s.channelObject(ch)
	}
	if existed {
		o["no_op"], o["already_open"] = true, true
	}
	return o, nil
}

func (s *Sim) reachable(userID string) *apiError {
	u, ok := s.users[userID]
	switch {
	case !ok:
		return &apiError{code: "user_not_found"}
	case u.Deleted:
		return &apiError{code: "user_disabled"}
	case u.Bot || u.ID == "USLACKBOT":
		return &apiError{code: "cannot_dm_bot"}
	}
	return nil
}

// scope is the one for doing something with a channel of its kind.
func (c *channel) scope(do string) string {
	switch {
	case c.dmWith != "":
		return "im:" + do
	case c.Private:
		return "groups:" + do
	default:
		return "channels:" + do
	}
}
