package azure

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"jitbot/jit"
	"jitbot/jit/rules"
)

// collectionEditor is a list of collections while rules of ours are put in and taken
// out.
type collectionEditor struct {
	policy      bool // of a group of a policy, which has no "properties" around a collection's contents
	dnat        bool // of a classic firewall, whose lists are apart: which one
	collections []*editedCollection
	changed     bool
}

// editedCollection is a collection taken apart.
type editedCollection struct {
	root  fields
	inner fields // its contents: root itself in a policy
	rules []json.RawMessage
}

func (d *collectionEditor) parse(raw json.RawMessage) error {
	var list []fields
	if err := unmarshal(raw, &list); err != nil {
		return err
	}
	for _, root := range list {
		c := &editedCollection{root: root, inner: root}
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

// document puts the list together again.
func (d *collectionEditor) document() json.RawMessage {
	list := make([]fields, 0, len(d.collections))
	for _, c := range d.collections {
		list = append(list, c.root)
	}
	return encode(list)
}

// update writes the rules of a collection back; one that was emptied goes.
func (d *collectionEditor) update(c *editedCollection) {
	d.changed = true
	if len(c.rules) == 0 {
		d.collections = slices.DeleteFunc(d.collections, func(o *editedCollection) bool { return o == c })
		return
	}
	c.inner["rules"] = encode(c.rules)
	if !d.policy {
		c.root["properties"] = encode(c.inner)
	}
}

// find gives the collection of exactly that name: one in another case is
// somebody's.
func (d *collectionEditor) find(name string) *editedCollection {
	for _, c := range d.collections {
		if c.root.text("name") == name {
			return c
		}
	}
	return nil
}

// put writes a rule into our collection, which is made when it is not there.
func (d *collectionEditor) put(installation string, r rules.Rule) error {
	dnat := r.To.IsValid()
	name := rules.CollectionName(installation, dnat)
	c := d.find(name)
	if c == nil {
		c = d.add(name, r, dnat)
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
	if !d.policy {
		c.inner["priority"] = encode(r.Priority) // of the collection: somebody may have moved it
	}
	d.update(c)
	return nil
}

// remove takes a rule out of our collections.
func (d *collectionEditor) remove(installation, rule string) {
	for _, dnat := range []bool{true, false} {
		c := d.find(rules.CollectionName(installation, dnat))
		if c == nil {
			continue
		}
		if i := ruleAt(c.rules, rule); i >= 0 {
			c.rules = slices.Delete(c.rules, i, i+1)
			d.update(c)
		}
	}
}

func (c *editedCollection) action() string {
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

// add makes a collection of ours. In a firewall it has the priority that was
// planned; in our group, which has it, the lowest that is free there.
func (d *collectionEditor) add(name string, r rules.Rule, dnat bool) *editedCollection {
	action := map[bool]string{true: "Dnat", false: "Allow"}[dnat]
	kind := "FirewallPolicyFilterRuleCollection"
	priority := r.Priority
	if d.policy {
		priority = d.freePriority()
		if dnat {
			action, kind = "DNAT", natCollection
		}
	}
	contents := fields{"priority": encode(priority), "action": encode(map[string]string{"type": action})}
	c := &editedCollection{root: fields{"name": encode(name)}, inner: contents}
	if d.policy {
		contents["name"], contents["ruleCollectionType"] = encode(name), encode(kind)
		c.root = contents
	}
	d.collections = append(d.collections, c)
	return c
}

const firstPriority = 100 // of a collection: https://learn.microsoft.com/azure/firewall/policy-rule-sets

func (d *collectionEditor) freePriority() int {
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

// applyChanges makes the changes in the lists of collections that they concern.
func applyChanges(changes []rules.Change, of func(dnat bool) *collectionEditor, all ...*collectionEditor) error {
	for _, change := range changes {
		n, ok := rules.ParseRuleName(strings.ToLower(change.Name()))
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
func editFirewall(doc fields, changes []rules.Change) (changed bool, err error) {
	properties, err := doc.object("properties")
	if err != nil {
		return false, err
	}
	lists := map[bool]string{true: "natRuleCollections", false: "networkRuleCollections"}
	nat, network := &collectionEditor{dnat: true}, &collectionEditor{}
	for _, d := range []*collectionEditor{nat, network} {
		if err := d.parse(properties[lists[d.dnat]]); err != nil {
			return false, err
		}
	}
	of := func(dnat bool) *collectionEditor {
		if dnat {
			return nat
		}
		return network
	}
	if err := applyChanges(changes, of, nat, network); err != nil {
		return false, err
	}
	for _, d := range []*collectionEditor{nat, network} {
		if d.changed {
			properties[lists[d.dnat]], changed = d.document(), true
		}
	}
	delete(properties, "provisioningState")
	delete(doc, "etag")
	doc["properties"] = encode(properties)
	return changed, nil
}

// editGroup makes changes in the document of our group, an empty one when it is
// not there yet. A group that was emptied is to be deleted.
func editGroup(doc fields, changes []rules.Change) (changed, emptied bool, err error) {
	properties, err := doc.object("properties")
	if err != nil {
		return false, false, err
	}
	d := &collectionEditor{policy: true}
	if err := d.parse(properties["ruleCollections"]); err != nil {
		return false, false, err
	}
	if err := applyChanges(changes, func(bool) *collectionEditor { return d }, d); err != nil {
		return false, false, err
	}
	for _, change := range changes {
		if change.Put != nil {
			properties["priority"] = encode(change.Put.Priority)
		}
	}
	properties["ruleCollections"] = d.document()
	delete(properties, "provisioningState")
	delete(doc, "etag")
	doc["properties"] = encode(properties)
	return d.changed, len(d.collections) == 0, nil
}
