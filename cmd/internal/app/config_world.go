package app

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure"
)

// slack reads where cards go and how Slack is reached.
func (c *Config) slack(s *section, there bool) {
	c.SlackURL = s.https("api_url", defaultSlackURL, true)
	if there {
		s.require("channel", "the id of the channel for cards, such as C0123456789")
	}
	c.Jit.Channel = s.channel("channel")
	if s.values["channel"] != nil && s.values["channel"].Value == "" {
		s.fault("channel", "is empty; write the id of the channel for cards, such as C0123456789")
	}
	s.close()
}

const (
	minPoll               = 100 * time.Millisecond
	defaultOpenWithin     = time.Minute
	defaultFirewallWithin = 10 * time.Minute
)

// azure reads which subscriptions are served and how Azure is reached.
func (c *Config) azure(s *section, there bool) {
	if there {
		s.require("subscriptions", "a list of subscription ids, such as [11111111-2222-3333-4444-555555555555]")
	}
	for _, w := range s.words("subscriptions") {
		id := strings.ToLower(w.text)
		switch {
		case !idForms().guid.MatchString(id):
			s.add(w.line, w.path, "%q is no subscription id; write one such as 11111111-2222-3333-4444-555555555555", w.text)
		case slices.Contains(c.Azure.Subscriptions, id):
			s.add(w.line, w.path, "%q is here twice; keep one", w.text)
		default:
			c.Azure.Subscriptions = append(c.Azure.Subscriptions, id)
		}
	}
	if n := s.values["subscriptions"]; n != nil && len(n.Content) == 0 && n.Value == "" {
		s.fault("subscriptions", "is empty; write one subscription id or more")
	}
	c.Azure.Cloud = azure.Cloud(s.text("cloud", string(azure.Public)))
	switch c.Azure.Cloud {
	case azure.Public, azure.USGovernment, azure.China, azure.CustomCloud:
	default:
		s.fault("cloud", "%q is unknown; write public, usgovernment, china or custom", string(c.Azure.Cloud))
	}
	c.custom(s)
	c.Azure.Poll = s.duration("poll", time.Second, minPoll, time.Minute)
	within := s.section("open_within")
	c.Jit.OpenWithin = within.duration("nsg", defaultOpenWithin, time.Second, time.Hour)
	c.Jit.FirewallWithin = within.duration("firewall", defaultFirewallWithin, time.Second, 6*time.Hour)
	within.close()
	c.Azure.GroupWrites = s.flag("group_writes")
	if s.values["flush_connections"] != nil && strings.EqualFold(s.values["flush_connections"].Value, "true") &&
		(s.values["group_writes"] == nil || !strings.EqualFold(s.values["group_writes"].Value, "true")) {
		s.fault("flush_connections", "needs group_writes, which is false; write false, or remove the line")
		s.flag("flush_connections")
	} else {
		s.onlyFalse("flush_connections")
	}
	s.close()
}

// custom reads the endpoints of a private cloud.
func (c *Config) custom(s *section) {
	custom := s.section("custom")
	wanted := c.Azure.Cloud == azure.CustomCloud
	endpoint := func(key string) azure.Endpoint {
		e := custom.section(key)
		if wanted {
			e.require("endpoint", "its https address")
			e.require("audience", "what its tokens are for, usually the endpoint again")
		}
		out := azure.Endpoint{Endpoint: e.https("endpoint", "", false), Audience: e.text("audience", "")}
		if e.values["audience"] != nil && out.Audience == "" {
			e.fault("audience", "is empty; write what its tokens are for, usually the endpoint again")
		}
		e.close()
		return out
	}
	if wanted {
		custom.require("authority_host", "the https address of Entra there, such as https://login.example/")
	}
	out := azure.Custom{
		AuthorityHost:   custom.https("authority_host", "", false),
		ResourceManager: endpoint("resource_manager"),
		Graph:           endpoint("graph"),
	}
	custom.close()
	switch {
	case wanted:
		c.Azure.Custom = out
	case s.has("custom") && !placeholders(out):
		s.fault("custom", "is for cloud: custom, and cloud is %s; write cloud: custom, or remove the block", c.Azure.Cloud)
	}
}

// placeholders reports whether the block names documentation's hosts only, as
// the example file does: those cannot exist (RFC 2606), so nobody means them.
func placeholders(c azure.Custom) bool {
	for _, address := range []string{c.AuthorityHost, c.ResourceManager.Endpoint, c.Graph.Endpoint} {
		u, err := url.Parse(address)
		if err != nil || address != "" && !strings.HasSuffix(u.Hostname(), ".example") {
			return false
		}
	}
	return true
}

// users reads who is who.
func (c *Config) users(s *section) {
	for _, id := range s.order {
		name := s.text(id, "")
		switch {
		case !idForms().user.MatchString(id):
			s.fault(id, "is no Slack user id; write one such as U0123456789")
		case s.values[id].Kind == 0 || name == "" && s.values[id].Value != "":
			// text said what is wrong
		case !idForms().guid.MatchString(name) && !strings.Contains(strings.Trim(name, "@"), "@") || strings.ContainsAny(name, " \t\r\n"):
			s.fault(id, "%q is no Entra user; write a user name such as someone@example.com, or an object id", name)
		default:
			c.Jit.Users[jit.UserID(id)] = name
		}
	}
}

// namedBand is a band under the key it is written at.
type namedBand struct {
	key string
	jit.Band
}

func (n namedBand) String() string { return fmt.Sprintf("[%d, %d]", n.From, n.To) }

// bands reads which priorities rules of ours have.
func bands(s *section) jit.Bands {
	var good []namedBand
	read := func(key string, from, to int) jit.Band {
		b, ok := s.band(key, jit.Band{From: from, To: to})
		if ok {
			good = append(good, namedBand{key, b})
		}
		return b
	}
	b := jit.Bands{Allow: read("allow", 100, 249), DenyOverride: read("deny_override", 250, 299), DenyRespect: read("deny_respect", 3900, 4096)}
	for i, one := range good {
		for _, other := range good[:i] {
			s.besideBand(one, other)
		}
	}
	s.close()
	return b
}

// besideBand reports bands that cannot stand together; allow comes as other.
func (s *section) besideBand(one, other namedBand) {
	at, with, order := one, other, "stands before"
	if !s.has(at.key) {
		at, with, order = other, one, "stands after" // a default is not at fault
	}
	switch {
	case one.Overlaps(other.Band):
		s.fault(at.key, "%s overlaps %s, which is %s; write bands that share no priority", at, with.key, with)
	case other.key == "allow" && one.From < other.From:
		s.fault(at.key, "%s %s %s, which is %s: denies there would shut out whoever was granted access; write bands of denies that begin after allow ends",
			at, order, with.key, with)
	}
}

// band takes two priorities; not ok is a fault.
func (s *section) band(key string, def jit.Band) (b jit.Band, ok bool) {
	if s.values[key] == nil {
		s.take(key)
		return def, true
	}
	items := s.items(key)
	if len(items) != 2 {
		s.fault(key, "needs two priorities; write the first and the last, such as [%d, %d]", def.From, def.To)
		return def, false
	}
	from, ok := s.whole(items[0].node, items[0].path, 100, 4096)
	to, ok2 := s.whole(items[1].node, items[1].path, 100, 4096)
	switch {
	case !ok || !ok2:
		return def, false
	case from > to:
		s.fault(key, "[%d, %d] runs backwards; write the smaller priority first", from, to)
		return def, false
	}
	return jit.Band{From: from, To: to}, true
}
