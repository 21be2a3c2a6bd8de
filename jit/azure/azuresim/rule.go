package azuresim

import "net/http"

const ruleType = nsgType + "/securityRules"

// ruleDocument is a rule as it goes over the wire.
type ruleDocument struct {
	Name       string `json:"name"`
	Properties *struct {
		Rule
		// These two are lists of ids in Rule and of objects in ARM; being
		// less deeply nested, they win.
		SourceASGs []reference `json:"sourceApplicationSecurityGroups"`
		TargetASGs []reference `json:"destinationApplicationSecurityGroups"`
	} `json:"properties"`
}

type reference struct {
	ID string `json:"id"`
}

func ids(refs []reference) []string {
	var list []string
	for _, r := range refs {
		list = append(list, r.ID)
	}
	return list
}

// rule is what the document says, under the name of the path if given.
func (d ruleDocument) rule(name string) Rule {
	var r Rule
	if d.Properties != nil {
		r = d.Properties.Rule
		r.SourceASGs, r.DestinationASGs = ids(d.Properties.SourceASGs), ids(d.Properties.TargetASGs)
	}
	r.Name = d.Name
	if name != "" {
		r.Name = name
	}
	return r
}

// ruleBody is a rule as Azure shows it: plural forms always, singular ones
// where set, the parent's etag.
func (g *guard) ruleBody(w *written) object {
	properties := object{
		"provisioningState": w.state, "protocol": w.Protocol, "access": w.Access, "priority": w.Priority, "direction": w.Direction,
		"sourcePortRanges": list(w.SourcePortRanges), "destinationPortRanges": list(w.DestinationPortRanges),
		"sourceAddressPrefixes": list(w.SourceAddressPrefixes), "destinationAddressPrefixes": list(w.DestinationAddressPrefixes),
	}
	for name, value := range map[string]string{
		"description": w.Description, "sourcePortRange": w.SourcePortRange, "destinationPortRange": w.DestinationPortRange,
		"sourceAddressPrefix": w.SourceAddressPrefix, "destinationAddressPrefix": w.DestinationAddressPrefix,
	} {
		if value != "" {
			properties[name] = value
		}
	}
	if len(w.SourceASGs) > 0 {
		properties["sourceApplicationSecurityGroups"] = references(w.SourceASGs)
	}
	if len(w.DestinationASGs) > 0 {
		properties["destinationApplicationSecurityGroups"] = references(w.DestinationASGs)
	}
	return object{
		"id": g.id + "/securityRules/" + w.Name, "name": w.Name, "type": ruleType, "etag": g.weakTag(), "properties": properties,
	}
}

// list makes an empty JSON array of a nil slice.
func list(values []string) []string {
	if values == nil {
		return []string{}
	}
	return values
}

// parentGuard is the group of a rule's path. When it is missing the gateway
// says so, as for the group itself.
func (s *Sim) parentGuard(c *call) (*guard, *problem) {
	id := c.path.parent()
	if c.path.list {
		id = c.path.id[:len(c.path.id)-len(nameOf(c.path.id))-1]
	}
	if c.older != nil {
		return c.older, nil
	}
	if g := s.nsgs[key(id)]; g != nil {
		return g, nil
	}
	if c.request.Method == http.MethodPut {
		return nil, fromGateway(
			http.StatusNotFound, "ParentResourceNotFound", "Can not perform requested operation on nested resource. Parent "+
				"resource '%s' not found.", c.path.names[0],
		)
	}
	return nil, missingResource(c.path, nsgType)
}

func (s *Sim) listRules(c *call) reply {
	g, missing := s.parentGuard(c)
	if missing != nil {
		return missing.reply()
	}
	var keys []string
	for _, w := range g.sorted() {
		keys = append(keys, key(w.Name))
	}
	return s.pageOf(c, keys, func(k string) object { return g.ruleBody(g.rules[k]) })
}

func (s *Sim) listDefaultRules(c *call) reply {
	g, missing := s.parentGuard(c)
	if missing != nil {
		return missing.reply()
	}
	return ok(object{"value": g.defaultBodies()})
}

func (s *Sim) getRule(c *call) reply {
	g, missing := s.parentGuard(c)
	if missing != nil {
		return missing.reply()
	}
	w := g.rules[key(c.path.name())]
	if w == nil {
		return missingChild(c.path.id).reply()
	}
	a := ok(g.ruleBody(w))
	a.header = map[string]string{"ETag": g.weakTag()}
	return a
}

func (s *Sim) putRule(c *call) reply {
	g, missing := s.parentGuard(c)
	if missing != nil {
		return missing.reply()
	}
	if p := s.rulePrecondition(c, g); p != nil {
		return p.reply()
	}
	var doc ruleDocument
	if p := decode(c.body, &doc); p != nil {
		return p.reply()
	}
	if doc.Properties == nil {
		return invalid("InvalidRequestFormat", "Cannot parse the request.").reply()
	}
	r := doc.rule(c.path.name())
	if p := s.busy(c, key(g.id)); p != nil {
		return p.reply()
	}
	if p := g.check(&r); p != nil {
		return p.reply()
	}
	if g.holds(r) {
		return s.unchanged(c, g, func(g *guard) object { return g.ruleBody(g.rules[key(r.Name)]) })
	}
	status := http.StatusCreated
	if g.rules[key(r.Name)] != nil {
		status = http.StatusOK
	}
	w := g.set(r, updating)
	op := s.begin(c, g, key(r.Name), "PutSecurityRuleOperation", w.turn)
	return reply{status: status, header: op.headers(c, s.settings.RetryAfter), body: g.ruleBody(w)}
}

func (s *Sim) deleteRule(c *call) reply {
	g, missing := s.parentGuard(c)
	if missing != nil {
		return missing.reply()
	}
	if p := s.rulePrecondition(c, g); p != nil {
		return p.reply()
	}
	w := g.rules[key(c.path.name())]
	if w == nil {
		return reply{status: http.StatusNoContent}
	}
	if p := s.busy(c, key(g.id)); p != nil {
		return p.reply()
	}
	g.turn++
	w.state, w.turn = deleting, g.turn
	op := s.begin(c, g, key(w.Name), "DeleteSecurityRuleOperation", w.turn)
	return reply{status: http.StatusAccepted, header: op.headers(c, s.settings.RetryAfter)}
}

func (s *Sim) rulePrecondition(c *call, g *guard) *problem {
	if !s.settings.RuleIfMatch || c.request.Header.Get("If-Match") == "" {
		return nil
	}
	return precondition(c, g.tag(), c.path.id)
}
