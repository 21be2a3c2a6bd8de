package azuresim

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

const nsgType = "Microsoft.Network/networkSecurityGroups"

// groupDocument is the body of a group as a client sends it.
type groupDocument struct {
	Location   string            `json:"location"`
	Tags       map[string]string `json:"tags"`
	Properties struct {
		SecurityRules   []ruleDocument `json:"securityRules"`
		FlushConnection bool           `json:"flushConnection"`
	} `json:"properties"`
}

func (s *Sim) nsgBody(g *guard) object {
	rules := []object{}
	for _, w := range g.sorted() {
		rules = append(rules, g.ruleBody(w))
	}
	properties := object{
		"provisioningState": g.state, "resourceGuid": g.guid, "securityRules": rules,
		"defaultSecurityRules": g.defaultBodies(),
	}
	if g.flush {
		properties["flushConnection"] = true
	}
	nics, subnets := s.attached(key(g.id))
	if len(nics) > 0 {
		properties["networkInterfaces"] = references(nics)
	}
	if len(subnets) > 0 {
		properties["subnets"] = references(subnets)
	}
	return object{
		"id": g.id, "name": nameOf(g.id), "type": nsgType, "location": g.location, "tags": tagsBody(g.tags),
		"etag": g.weakTag(), "properties": properties,
	}
}

func (g *guard) weakTag() string { return weak(g.etag) }

func (g *guard) defaultBodies() []object {
	bodies := []object{}
	for _, r := range defaultRules() {
		body := g.ruleBody(&written{Rule: r, state: succeeded})
		body["id"] = g.id + "/defaultSecurityRules/" + r.Name
		body["type"] = nsgType + "/defaultSecurityRules"
		bodies = append(bodies, body)
	}
	return bodies
}

// attached gives the ids of the interfaces and subnets that a group is on.
func (s *Sim) attached(nsg string) (nics, subnets []string) {
	x := s.indexed()
	return x.nsgNICs[nsg], x.nsgSubnets[nsg]
}

// references is the ARM form of a list of ids.
func references(ids []string) []object {
	list := []object{}
	for _, id := range ids {
		list = append(list, object{"id": id})
	}
	return list
}

func (s *Sim) listNSGs(c *call) reply { return page(s, c, s.nsgs, s.nsgBody) }

func (s *Sim) getNSG(c *call) reply {
	g := s.nsgs[key(c.path.id)]
	if c.older != nil {
		g = c.older
	}
	if g == nil {
		return missingResource(c.path, nsgType).reply()
	}
	a := ok(s.nsgBody(g))
	a.header = map[string]string{"ETag": g.weakTag()}
	return a
}

func (s *Sim) putNSG(c *call) reply {
	var doc groupDocument
	if p := decode(c.body, &doc); p != nil {
		return p.reply()
	}
	g := s.nsgs[key(c.path.id)]
	if p := precondition(c, g.tag(), c.path.id); p != nil {
		return p.reply()
	}
	if p := checkName(c.path.name()); p != nil {
		return p.reply()
	}
	if doc.Location == "" {
		return fromGateway(http.StatusBadRequest, "LocationRequired", "The location property is required for this definition.").reply()
	}
	if g != nil {
		if p := s.busy(c, key(g.id)); p != nil {
			return p.reply()
		}
	}
	rules := make([]Rule, len(doc.Properties.SecurityRules))
	for i := range rules {
		rules[i] = doc.Properties.SecurityRules[i].rule("")
	}
	if p := checkRules(c.path.id, rules); p != nil {
		return p.reply()
	}
	status := http.StatusOK
	if g == nil {
		status = http.StatusCreated
		g = &guard{id: c.path.id, guid: s.newGUID(), rules: map[string]*written{}}
		s.nsgs[key(g.id)] = g
	} else if g.same(doc, rules) {
		return s.unchanged(c, g, s.nsgBody)
	}
	g.location, g.tags, g.flush = doc.Location, doc.Tags, doc.Properties.FlushConnection
	g.replace(rules, updating)
	op := s.begin(c, g, "", "PutNetworkSecurityGroupOperation", g.turn)
	return reply{status: status, header: op.headers(c, s.settings.RetryAfter), body: s.nsgBody(g)}
}

// same says that a whole-group write would change nothing.
func (g *guard) same(doc groupDocument, rules []Rule) bool {
	if len(rules) != len(g.rules) || g.state != succeeded || g.flush != doc.Properties.FlushConnection ||
		!maps.Equal(g.tags, doc.Tags) || !strings.EqualFold(g.location, doc.Location) {
		return false
	}
	return !slices.ContainsFunc(rules, func(r Rule) bool { return !g.holds(r) })
}

// holds says that the table has exactly this rule, settled.
func (g *guard) holds(r Rule) bool {
	w := g.rules[key(r.Name)]
	if w == nil || w.state != succeeded {
		return false
	}
	r.Name = w.Name
	return canonical(w.Rule) == canonical(r)
}

// unchanged answers a write that changes nothing: already Succeeded, with an
// operation that is over, and no new etag.
func (s *Sim) unchanged(c *call, g *guard, body func(*guard) object) reply {
	etag, state := g.etag, g.state
	op := s.begin(c, g, "", "PutNetworkSecurityGroupOperation", g.turn)
	op.status, op.outcome, op.failure, op.end = succeeded, succeeded, nil, c.now
	s.running = s.running[:len(s.running)-1]
	g.etag, g.state = etag, state
	return reply{status: http.StatusOK, header: op.headers(c, s.settings.RetryAfter), body: body(g)}
}

func (s *Sim) deleteNSG(c *call) reply {
	g := s.nsgs[key(c.path.id)]
	if g == nil {
		return reply{status: http.StatusNoContent}
	}
	if p := precondition(c, g.tag(), g.id); p != nil {
		return p.reply()
	}
	if p := s.busy(c, key(g.id)); p != nil {
		return p.reply()
	}
	if nics, subnets := s.attached(key(g.id)); len(nics)+len(subnets) > 0 {
		return invalid("InUseNetworkSecurityGroupCannotBeDeleted", "Network security group %s cannot be deleted because it is "+
			"in use by the following resources: %s. In order to delete the Network security group, remove the association with "+
			"the resource(s). To learn how to do this, see aka.ms/deletensg.",
			g.id, strings.Join(slices.Concat(nics, subnets), ", ")).reply()
	}
	g.turn++
	op := s.begin(c, g, "", "DeleteNetworkSecurityGroupOperation", g.turn)
	g.state = deleting
	return reply{status: http.StatusAccepted, header: op.headers(c, s.settings.RetryAfter)}
}

// tag is the bare etag of a group that may not exist.
func (g *guard) tag() string {
	if g == nil {
		return ""
	}
	return g.etag
}

// precondition checks If-Match and If-None-Match against the bare etag of a
// resource; an empty one: it does not exist.
func precondition(c *call, etag, id string) *problem {
	want := c.request.Header.Get("If-Match")
	if c.request.Header.Get("If-None-Match") == "*" && etag != "" {
		return stale(fmt.Sprintf("Resource %s already exists in NRP data store.", id))
	}
	if want == "" || want == "*" && etag != "" {
		return nil
	}
	// The server puts whatever it is given into the form of a weak tag.
	if !strings.HasPrefix(want, "W/") {
		want = `W/"` + strings.Trim(want, `"`) + `"`
	}
	if etag == "" {
		return stale(fmt.Sprintf("Etag provided in if-match header %s does not match: resource %s does not exist in NRP data store.", want, id))
	}
	if want != weak(etag) {
		return stale(fmt.Sprintf(
			"Etag provided in if-match header %s does not match etag %s of resource %s in NRP data store.", want, weak(etag), id,
		))
	}
	return nil
}

func stale(detail string) *problem {
	return &problem{
		status: http.StatusPreconditionFailed, code: "PreconditionFailed", message: "Precondition failed.",
		detailCode: "PreconditionFailedEtagMismatch", detailMessage: detail,
	}
}

// decode reads a request's body.
func decode(body []byte, into any) *problem {
	if err := json.Unmarshal(body, into); err != nil {
		p := invalid("InvalidRequestFormat", "Cannot parse the request.")
		p.detailCode, p.detailMessage = "InvalidJson", err.Error()
		return p
	}
	return nil
}
