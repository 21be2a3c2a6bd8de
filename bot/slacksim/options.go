package slacksim

import (
	"slices"
	"time"
)

// Command is a slash command of the app, as its manifest declares it.
type Command struct {
	// Name with the leading slash, "/jit".
	Name string
	// ShouldEscape turns typed @names and #names into <@U…> and <#C…|name>
	// (manifest key should_escape).
	ShouldEscape bool
}

// Options describe the workspace, the app that is installed in it, and the
// clocks. The zero value is a working workspace; each zero field gets the
// default named beside it.
type Options struct {
	// URL is the address under which clients reach the handler, without a
	// trailing slash: "http://127.0.0.1:8080" or "https://slack.example".
	// Empty: taken from each request's Host header and TLS state. SetURL
	// changes it once a test server has an address.
	URL string

	TeamID       string // "T0CONTOSO"
	TeamName     string // "Contoso"
	TeamDomain   string // "contoso"
	EnterpriseID string // empty: the workspace is not in an Enterprise organization
	// OrgInstall: the app is installed in the whole organization, not in the
	// workspace. Interactions then name no workspace.
	OrgInstall bool

	AppID string // "A0JITBOT"
	// SocketAppID is the app whose app-level token AppToken is; AppID. Of another
	// app's sockets nothing that is meant for this one ever comes.
	SocketAppID string
	BotUserID   string // "U0JITBOT"
	BotID       string // "B0JITBOT"
	BotName     string // "jitbot"

	BotToken  string   // "xoxb-…", the token of the Web API
	AppToken  string   // "xapp-…", the token of apps.connections.open
	BotScopes []string // DefaultScopes()
	AppScopes []string // connections:write
	Commands  []Command
	// Events are the bot events the app subscribes to: app_home_opened,
	// app_mention and message.im by default.
	Events []string
	// NoHome switches the Home tab off: views.publish answers not_enabled.
	NoHome bool

	// PingInterval is the time between WebSocket pings; 5 s. Slack pings about
	// every 10 s and official clients give a silent link up after 30 s.
	PingInterval time.Duration
	// AckTimeout is how long an app may take to acknowledge; 3 s.
	AckTimeout time.Duration
	// TriggerLife is how long a trigger_id opens a view; 3 s.
	TriggerLife time.Duration
	// WarningGrace is how long a socket lives after a disconnect "warning"; 10 s.
	WarningGrace time.Duration
	// ConnectionLife is how long a socket lives at all; 18060 s. A client that
	// adds debug_reconnects=true gets 360 s.
	ConnectionLife time.Duration
	// RetryDelays are the pauses before the repeats of an event that was not
	// acknowledged; 0, 1 minute, 5 minutes. An empty non-nil slice: no repeats.
	RetryDelays []time.Duration
	// ResponseLife is how long a response_url works; 30 minutes, 5 uses.
	ResponseLife time.Duration

	// NoRateLimits takes every call; else Slack's limits are enforced with HTTP
	// 429. See SetRate.
	NoRateLimits bool
	// Seed makes ids and the choice of sockets repeatable.
	Seed uint64
}

// DefaultScopes are the bot scopes that jitbot's manifest asks for, among them
// app_mentions:read and im:history, without which no app_mention and no message.im
// event is delivered.
func DefaultScopes() []string {
	return []string{
		"app_mentions:read", "commands", "chat:write", "chat:write.public",
		"users:read", "users:read.email", "usergroups:read", "channels:read", "groups:read", "im:history",
	}
}

func (o Options) withDefaults() Options {
	text := func(p *string, def string) {
		if *p == "" {
			*p = def
		}
	}
	text(&o.TeamID, DemoTeamID)
	text(&o.TeamName, "Contoso")
	text(&o.TeamDomain, "contoso")
	text(&o.AppID, "A0JITBOT")
	text(&o.SocketAppID, o.AppID)
	text(&o.BotUserID, "U0JITBOT")
	text(&o.BotID, "B0JITBOT")
	text(&o.BotName, "jitbot")
	text(&o.BotToken, "xoxb-1111111111-2222222222-simulated")
	text(&o.AppToken, "xapp-1-A0JITBOT-3333333333-simulated")
	if o.BotScopes == nil {
		o.BotScopes = DefaultScopes()
	}
	if o.AppScopes == nil {
		o.AppScopes = []string{"connections:write"}
	}
	if o.Commands == nil {
		o.Commands = []Command{{Name: "/jit", ShouldEscape: true}}
	}
	if o.Events == nil {
		o.Events = []string{"app_home_opened", "app_mention", "message.im"}
	}
	if o.RetryDelays == nil {
		o.RetryDelays = []time.Duration{0, time.Minute, 5 * time.Minute}
	}
	span := func(p *time.Duration, def time.Duration) {
		if *p <= 0 {
			*p = def
		}
	}
	span(&o.PingInterval, 5*time.Second)
	span(&o.AckTimeout, 3*time.Second)
	span(&o.TriggerLife, 3*time.Second)
	span(&o.WarningGrace, 10*time.Second)
	span(&o.ConnectionLife, 18060*time.Second)
	span(&o.ResponseLife, 30*time.Minute)
	return o.clone()
}

func (o Options) clone() Options {
	o.BotScopes = slices.Clone(o.BotScopes)
	o.AppScopes = slices.Clone(o.AppScopes)
	o.Commands = slices.Clone(o.Commands)
	o.Events = slices.Clone(o.Events)
	o.RetryDelays = slices.Clone(o.RetryDelays)
	return o
}
