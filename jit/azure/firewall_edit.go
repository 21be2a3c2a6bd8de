package azure

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"jitbot/jit"
)

// fields are the members of a JSON object, each as it was read. What is not
// changed, and what is not known here, is written back as it came.
type fields map[string]json.RawMessage

func (m fields) text(name string) string {
	var s string
	_ = json.Unmarshal(m[name], &s) // what is no text is no name
	return s
}

func (m fields) object(name string) (fields, error) {
	inner := fields{}
	if err := unmarshal(m[name], &inner); err != nil {
		return nil, err
	}
	if inner == nil {
		inner = fields{}
	}
	return inner, nil
}

// encode writes what was read as JSON, so that it cannot fail.
func encode(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("encoding what was read as JSON: " + err.Error())
	}
	return b
}

// drawer is a list of collections while rules of ours are put in and taken
// out.
type drawer struct {
	policy      bool // of a group of a policy, which has no "properties" around a collection's contents
	dnat        bool // of a classic firewall, whose lists are apart: which one
	collections []*openCollection
	changed     bool
}

// openCollection is a collection taken apart.
type openCollection struct {
	root  fields
	inner fields // its contents: root itself in a policy
	rules []json.RawMessage
}

func (d *drawer) open(raw json.RawMessage) error {
	var list []fields
	if err := unmarshal(raw, &list); err != nil {
		return err
	}
	for _, root := range list {
		c := &openCollection{root: root, inner: root}
		if !d.policy {
			var err error
			if c.inner, err = root.object("properties"); err != nil {
				return err
			}
		}
		if err := unmarshal(c.inner["rules"], &c.rules); err != nil {
			return err
		}
		d.collections = append(d.collections, c)
	}
	return nil
}

// shut puts the list together again.
func (d *drawer) shut() json.RawMessage {
	list := make([]fields, 0, len(d.collections))
	for _, c := range d.collections {
		list = append(list, c.root)
	}
	return encode(list)
}

// keep writes the rules of a collection back; one that was emptied goes.
func (d *drawer) keep(c *openCollection) {
	d.changed = true
	if len(c.rules) == 0 {
		d.collections = slices.DeleteFunc(d.collections, func(o *openCollection) bool { return o == c })
		return
	}
	c.inner["rules"] = encode(c.rules)
	if !d.policy {
		c.root["properties"] = encode(c.inner)
	}
}

// find gives the collection of exactly that name: one in another case is
// somebody's.
func (d *drawer) find(name string) *openCollection {
	for _, c := range d.collections {
		if c.root.text("name") == name {
			return c
		}
	}
	return nil
}

// put writes a rule into our collection, which is made when it is not there.
func (d *drawer) put(installation string, r jit.Rule) error {
	dnat := r.To.IsValid()
	name := jit.CollectionName(installation, dnat)
	c := d.find(name)
	if c == nil {
		c = d.make(name, r, dnat)
	}
	if action := c.action(); action != actionOf(dnat) {
		return fmt.Errorf("%w: the collection %s of that name is somebody's, its action is %s; remove or rename it", jit.ErrInvalid, name, action)
	}
	rule := encode(toFirewallRule(r, d.policy))
	if i := ruleAt(c.rules, r.Name); i >= 0 {
		c.rules[i] = rule
	} else {
		c.rules = append(c.rules, rule)
	}
	d.keep(c)
	return nil
}

// remove takes a rule out of our collections.
func (d *drawer) remove(installation, rule string) {
	for _, dnat := range []bool{true, false} {
		c := d.find(jit.CollectionName(installation, dnat))
		if c == nil {
			continue
		}
		if i := ruleAt(c.rules, rule); i >= 0 {
			c.rules = slices.Delete(c.rules, i, i+1)
			d.keep(c)
		}
	}
}

func (c *openCollection) action() string {
	action, err := c.inner.object("action")
	if err != nil {
		return ""
	}
	return strings.ToLower(action.text("type"))
}

func actionOf(dnat bool) string {
	if dnat {
		return "dnat"
	}
	return "allow"
}

// make adds a collection of ours. In a firewall it has the priority that was
// planned; in our group, which has it, the lowest that is free there.
func (d *drawer) make(name string, r jit.Rule, dnat bool) *openCollection {
	action := map[bool]string{true: "Dnat", false: "Allow"}[dnat]
	kind := "FirewallPolicyFilterRuleCollection"
	priority := r.Priority
	if d.policy {
		priority = d.free()
		if dnat {
			action, kind = "DNAT", natCollection
		}
	}
	contents := fields{"priority": encode(priority), "action": encode(map[string]string{"type": action})}
	c := &openCollection{root: fields{"name": encode(name)}, inner: contents}
	if d.policy {
		contents["name"], contents["ruleCollectionType"] = encode(name), encode(kind)
		c.root = contents
	}
	d.collections = append(d.collections, c)
	return c
}

const firstPriority = 100 // of a collection: https://learn.microsoft.com/azure/firewall/policy-rule-sets

func (d *drawer) free() int {
	taken := map[int]bool{}
	for _, c := range d.collections {
		var n int
		_ = json.Unmarshal(c.inner["priority"], &n) // Azure has no collection without one
		taken[n] = true
	}
	n := firstPriority
	for taken[n] {
		n++
	}
	return n
}

// edit makes the changes in the drawers that they concern.
func edit(changes []jit.Change, of func(dnat bool) *drawer, all ...*drawer) error {
	for _, change := range changes {
		n, ok := jit.ParseRuleName(strings.ToLower(change.Name()))
		if !ok {
			return fmt.Errorf("%w: %s is no rule of ours", jit.ErrInvalid, change.Name())
		}
		if change.Put == nil {
			for _, d := range all {
				d.remove(n.Installation, change.Remove)
			}
			continue
		}
		if err := of(change.Put.To.IsValid()).put(n.Installation, *change.Put); err != nil {
			return err
		}
	}
	return nil
}

// editFirewall makes changes in the document of a firewall with classic rules,
// and reports whether there were any to make.
func editFirewall(doc fields, changes []jit.Change) (changed bool, err error) {
	properties, err := doc.object("properties")
	if err != nil {
		return false, err
	}
	lists := map[bool]string{true: "natRuleCollections", false: "networkRuleCollections"}
	nat, network := &drawer{dnat: true}, &drawer{}
	for _, d := range []*drawer{nat, network} {
		if err := d.open(properties[lists[d.dnat]]); err != nil {
			return false, err
		}
	}
	of := func(dnat bool) *drawer {
		if dnat {
			return nat
		}
		return network
	}
	if err := edit(changes, of, nat, network); err != nil {
		return false, err
	}
	for _, d := range []*drawer{nat, network} {
		if d.changed {
			properties[lists[d.dnat]], changed = d.shut(), true
		}
	}
	delete(properties, "provisioningState")
	delete(doc, "etag")
	doc["properties"] = encode(properties)
	return changed, nil
}

// editGroup makes changes in the document of our group, an empty one when it is
// not there yet. A group that was emptied is to be deleted.
func editGroup(doc fields, changes []jit.Change) (changed, emptied bool, err error) {
	properties, err := doc.object("properties")
	if err != nil {
		return false, false, err
	}
	d := &drawer{policy: true}
	if err := d.open(properties["ruleCollections"]); err != nil {
		return false, false, err
	}
	if err := edit(changes, func(bool) *drawer { return d }, d); err != nil {
		return false, false, err
	}
	for _, change := range changes {
		if change.Put != nil && properties["priority"] == nil {
			properties["priority"] = encode(change.Put.Priority)
		}
	}
	properties["ruleCollections"] = d.shut()
	delete(properties, "provisioningState")
	delete(doc, "etag")
	doc["properties"] = encode(properties)
	return d.changed, len(d.collections) == 0, nil
}
