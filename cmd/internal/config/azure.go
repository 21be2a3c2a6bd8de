package config

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// Azure says which subscriptions are served and how Azure is reached.
type Azure struct {
	Subscriptions []string // GUIDs in lower case, one or more
	Cloud         Cloud
	Custom        Custom        // of CustomCloud, else empty
	APIVersions   APIVersions   // in place of the program's own
	Poll          time.Duration // the pause before each question whether a change has ended
	GroupWrites   bool          // several changes of a network security group may be one write of the whole
	Firewalls     bool          // open_within says how long a firewall may take, so there are some
}

// Cloud chooses the endpoints.
type Cloud string

// The clouds; CustomCloud takes its endpoints from Azure.Custom.
const (
	PublicCloud  Cloud = "public"
	USGovernment Cloud = "usgovernment"
	China        Cloud = "china"
	CustomCloud  Cloud = "custom"
)

// Custom are the endpoints of a private cloud.
type Custom struct {
	AuthorityHost   string // of Entra
	ResourceManager Endpoint
	Graph           Endpoint
}

// Endpoint is a service's address and the audience its tokens are for.
type Endpoint struct{ Endpoint, Audience string }

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
	c.Azure.Cloud = Cloud(s.text("cloud", string(PublicCloud)))
	switch c.Azure.Cloud {
	case PublicCloud, USGovernment, China, CustomCloud:
	default:
		s.fault("cloud", "%q is unknown; write public, usgovernment, china or custom", string(c.Azure.Cloud))
	}
	c.custom(s)
	c.Azure.APIVersions = apiVersions(s.section("api_versions"))
	c.Azure.Poll = s.duration("poll", time.Second, minPoll, time.Minute)
	within := s.section("open_within")
	c.Jit.OpenWithin = within.duration("nsg", defaultOpenWithin, time.Second, time.Hour)
	c.Jit.FirewallWithin = within.duration("firewall", defaultFirewallWithin, time.Second, 6*time.Hour)
	c.Azure.Firewalls = within.has("firewall")
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
	wanted := c.Azure.Cloud == CustomCloud
	endpoint := func(key string) Endpoint {
		e := custom.section(key)
		if wanted {
			e.require("endpoint", "its https address")
			e.require("audience", "what its tokens are for, usually the endpoint again")
		}
		out := Endpoint{Endpoint: e.https("endpoint", "", false), Audience: e.text("audience", "")}
		if e.values["audience"] != nil && out.Audience == "" {
			e.fault("audience", "is empty; write what its tokens are for, usually the endpoint again")
		}
		e.close()
		return out
	}
	if wanted {
		custom.require("authority_host", "the https address of Entra there, such as https://login.example/")
	}
	out := Custom{
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
func placeholders(c Custom) bool {
	for _, address := range []string{c.AuthorityHost, c.ResourceManager.Endpoint, c.Graph.Endpoint} {
		u, err := url.Parse(address)
		if err != nil || address != "" && !strings.HasSuffix(u.Hostname(), ".example") {
			return false
		}
	}
	return true
}
