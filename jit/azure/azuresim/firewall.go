package azuresim

import (
	"net/http"
	"slices"
	"strings"
)

const firewallType = "Microsoft.Network/azureFirewalls"

// firewallDocument is what the simulator understands of a firewall's body.
type firewallDocument struct {
	Location   string `json:"location"`
	Properties struct {
		Policy           *reference           `json:"firewallPolicy"`
		IPConfigurations []firewallIPDocument `json:"ipConfigurations"`
		NAT              []collectionDocument `json:"natRuleCollections"`
		Network          []collectionDocument `json:"networkRuleCollections"`
		Application      []collectionDocument `json:"applicationRuleCollections"`
		Additional       map[string]string    `json:"additionalProperties"`
	} `json:"properties"`
}

type firewallIPDocument struct {
	Name       string `json:"name"`
	Properties struct {
		Subnet  *reference `json:"subnet"`
		Public  *reference `json:"publicIPAddress"`
		Private string     `json:"privateIPAddress"`
	} `json:"properties"`
}

// firewallMeaning is what a firewall's document means.
type firewallMeaning struct {
	location, policy, private, private6, subnet string
	// configs are names of ip configurations with their public address's id.
	configs     []firewallConfig
	collections []RuleCollection
	// ranges are destinations whose senders are not translated; nil: the
	// default.
	ranges []string
}

type firewallConfig struct{ name, publicIP string }

// privateRangesKey is the additional property of a classic firewall with the
// ranges whose senders it does not translate
// (https://learn.microsoft.com/azure/firewall/snat-private-range).
const privateRangesKey = "Network.SNAT.PrivateRanges"

func (d firewallDocument) meaning() firewallMeaning {
	p := d.Properties
	m := firewallMeaning{location: d.Location}
	if p.Policy != nil {
		m.policy = p.Policy.ID
	}
	for _, c := range p.IPConfigurations {
		config := firewallConfig{name: c.Name}
		if c.Properties.Public != nil {
			config.publicIP = c.Properties.Public.ID
		}
		switch {
		case strings.Contains(c.Properties.Private, ":"):
			m.private6 = c.Properties.Private
		case c.Properties.Subnet != nil:
			m.subnet, m.private = c.Properties.Subnet.ID, c.Properties.Private
		}
		m.configs = append(m.configs, config)
	}
	if text := p.Additional[privateRangesKey]; text != "" {
		for part := range strings.SplitSeq(text, ",") {
			m.ranges = append(m.ranges, strings.TrimSpace(part))
		}
	}
	for _, of := range []struct {
		kind string
		list []collectionDocument
	}{{NAT, p.NAT}, {Network, p.Network}, {Application, p.Application}} {
		for _, c := range of.list {
			m.collections = append(m.collections, c.Properties.collection(c.Name, of.kind))
		}
	}
	return m
}

// of are the collections of one kind, in the order they are looked at.
func (m *firewallMeaning) of(kind string) []RuleCollection { return ofKind(m.collections, kind) }

func ofKind(all []RuleCollection, kind string) []RuleCollection {
	var some []RuleCollection
	for _, c := range all {
		if c.Kind == kind {
			some = append(some, c)
		}
	}
	slices.SortStableFunc(some, func(a, b RuleCollection) int { return a.Priority - b.Priority })
	return some
}

// publicAddresses are the addresses that a NAT rule may name.
func (s *Sim) publicAddresses(m *firewallMeaning) []string {
	all := []string{}
	for _, c := range m.configs {
		if ip, found := s.publicIPs[key(c.publicIP)]; found {
			all = append(all, ip.Address)
		}
	}
	return all
}

func (s *Sim) firewallBody(d *document[firewallMeaning]) object {
	shown := *d
	if shown.state == succeeded && s.occupied(d.written.policy) != nil {
		shown.state = updating
	}
	return shown.body(
		firewallType, weak(d.etag), "ipConfigurations", "natRuleCollections", "networkRuleCollections", "applicationRuleCollections",
	)
}

func weak(etag string) string { return `W/"` + etag + `"` }

func (s *Sim) listFirewalls(c *call) reply { return page(s, c, s.edge.firewalls, s.firewallBody) }

func (s *Sim) getFirewall(c *call) reply {
	d := s.edge.firewalls[key(c.path.id)]
	if d == nil {
		return missingResource(c.path, firewallType).reply()
	}
	a := ok(s.firewallBody(d))
	a.header = map[string]string{"ETag": weak(d.etag)}
	return a
}

func (s *Sim) putFirewall(c *call) reply {
	d := s.edge.firewalls[key(c.path.id)]
	etag := ""
	if d != nil {
		etag = d.etag
	}
	if p := precondition(c, etag, c.path.id); p != nil {
		return p.reply()
	}
	if p := checkName(c.path.name()); p != nil {
		return p.reply()
	}
	if p := s.firewallBusy(c, c.path.id); p != nil {
		return p.reply()
	}
	root, properties, meaning, refused := s.readFirewall(c.path.id, c.body)
	if refused != nil {
		return refused.reply()
	}
	if meaning.location == "" {
		return fromGateway(http.StatusBadRequest, "LocationRequired", "The location property is required for this definition.").reply()
	}
	if p := s.mayJoin(c, &meaning); p != nil {
		return p.reply()
	}
	status := http.StatusOK
	if d == nil {
		status = http.StatusCreated
		d = &document[firewallMeaning]{id: c.path.id}
		s.edge.firewalls[key(d.id)] = d
	}
	d.set(root, properties, meaning)
	op := s.beginFirewall(c, d, "PutAzureFirewallOperation")
	return reply{status: status, header: op.headers(c, s.settings.RetryAfter), body: s.firewallBody(d)}
}

func (s *Sim) deleteFirewall(c *call) reply {
	d := s.edge.firewalls[key(c.path.id)]
	if d == nil {
		return reply{status: http.StatusNoContent}
	}
	if p := precondition(c, d.etag, d.id); p != nil {
		return p.reply()
	}
	if p := s.firewallBusy(c, d.id); p != nil {
		return p.reply()
	}
	d.turn++
	op := s.beginFirewall(c, d, "DeleteAzureFirewallOperation")
	d.state = deleting
	return reply{status: http.StatusAccepted, header: op.headers(c, s.settings.RetryAfter)}
}

// mayJoin refuses a firewall that refers to what its writer may not join, or
// whose writer may not read virtual hubs, which Azure asks for at each update.
func (s *Sim) mayJoin(c *call, m *firewallMeaning) *problem {
	needed := []struct{ id, action string }{
		{c.path.id, "Microsoft.Network/virtualHubs/read"},
		{m.subnet, "Microsoft.Network/virtualNetworks/subnets/join/action"},
		{m.policy, policyType + "/join/action"},
	}
	for _, config := range m.configs {
		needed = append(needed, struct{ id, action string }{config.publicIP, "Microsoft.Network/publicIPAddresses/join/action"})
	}
	for _, to := range needed {
		if to.id == "" {
			continue
		}
		probe := call{request: c.request, caller: c.caller, action: to.action, path: armPath{id: to.id}}
		if s.authorize(&probe) != nil {
			return fromGateway(http.StatusForbidden, "LinkedAuthorizationFailed",
				"The client '%s' with object id '%s' has permission to perform action '%s' on scope '%s'; however, it does not have "+
					"permission to perform action(s) '%s' on the linked scope(s) '%s' (respectively) or the linked scope(s) are invalid.",
				c.caller.ClientID, c.caller.PrincipalID, c.action, c.path.id, probe.action, to.id)
		}
	}
	return nil
}
