package azure

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"jitbot/jit"
	"jitbot/jit/rules"
)

func networkRule(grant string, n int) rules.Rule {
	return rules.Rule{
		Name: fmt.Sprintf("jitbot-test-%s-app-1-%d-tcp", grant, n), Priority: 117, Inbound: true, Allow: true, Protocol: jit.TCP,
		Sources: []string{"203.0.113.7/32"}, SourcePorts: []string{"*"}, Destinations: []string{"10.40.1.4"}, Ports: []string{"22"},
		Description: "jitbot " + grant + " U0123456789 until 2026-03-01T10:00:00Z",
	}
}

func dnatRule(grant string, n int) rules.Rule {
	r := networkRule(grant, n)
	r.Name += "-22"
	r.Destinations, r.Ports, r.To = []string{"20.50.20.1"}, []string{"50022"}, netip.MustParseAddrPort("10.40.1.4:22")
	return r
}

func puts(list ...rules.Rule) []rules.Change {
	var out []rules.Change
	for _, r := range list {
		out = append(out, rules.Change{Put: &r})
	}
	return out
}

func taking(list ...rules.Rule) []rules.Change {
	var out []rules.Change
	for _, r := range list {
		out = append(out, rules.Change{Remove: strings.ToUpper(r.Name)}) // a name's case does not count
	}
	return out
}

func parse(t *testing.T, text string) fields {
	t.Helper()
	var doc fields
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// normal is a document as it is compared: members in order, numbers as written,
// and a list that is empty is as good as none.
func normal(t *testing.T, doc fields) string {
	t.Helper()
	var v any
	d := json.NewDecoder(strings.NewReader(string(encode(doc))))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	if root, ok := v.(map[string]any); ok {
		if properties, ok := root["properties"].(map[string]any); ok {
			for _, list := range []string{"natRuleCollections", "networkRuleCollections"} {
				if all, ok := properties[list].([]any); properties[list] == nil || ok && len(all) == 0 {
					delete(properties, list)
				}
			}
		}
	}
	return string(encode(v))
}

const strangersFirewall = `{"id":"/f","name":"f","location":"westeurope","zones":["1"],"future":{"big":12345678901234567890},"properties":{
	"sku":{"name":"AZFW_VNet","tier":"Standard"},"ipConfigurations":[{"name":"a","properties":{"publicIPAddress":{"id":"/p"}}}],
	"natRuleCollections":[{"name":"site","properties":{"priority":1000,"action":{"type":"Dnat"},"new":1.0,"rules":[{"name":"https","protocols":["TCP"],"x":{"y":[1,2,{}]}}]}}],
	"networkRuleCollections":[],"applicationRuleCollections":[{"name":"web","properties":{"rules":[{"name":"u","protocols":[{"protocolType":"Https","port":443}]}]}}]}}`

// Rules of ours come and go, and all else in the document stays as it was.
func TestEditFirewall(t *testing.T) {
	doc := parse(t, strangersFirewall)
	before := normal(t, doc)
	changes := puts(networkRule("g-7k2qd", 1), dnatRule("g-7k2qd", 1), networkRule("g-22222", 1))
	if changed, err := editFirewall(doc, changes); err != nil || !changed {
		t.Fatal(changed, err)
	}
	var f firewall
	if err := json.Unmarshal(encode(doc), &f); err != nil {
		t.Fatal(err)
	}
	table := f.table()
	if len(table.Rules) != 4 || len(table.Collections) != 3 {
		t.Fatalf("%+v", table)
	}
	for _, change := range changes {
		got := table.Rules[slices.IndexFunc(table.Rules, func(r rules.Rule) bool { return r.Name == change.Put.Name })]
		if !got.Equal(*change.Put) {
			t.Errorf("read back %+v\nwrote %+v", got, *change.Put)
		}
	}
	if changed, err := editFirewall(doc, taking(networkRule("g-22222", 2))); err != nil || changed {
		t.Errorf("removing what is not there: %t, %v", changed, err)
	}
	if changed, err := editFirewall(doc, taking(networkRule("g-7k2qd", 1), dnatRule("g-7k2qd", 1), networkRule("g-22222", 1))); err != nil || !changed {
		t.Fatal(changed, err)
	}
	if diff := cmp.Diff(before, normal(t, doc)); diff != "" {
		t.Errorf("not as before (-want +got):\n%s", diff)
	}
}

// A stranger's rule in a collection of ours stays there, and keeps it.
func TestEditKeepsStrangersInOurCollections(t *testing.T) {
	doc := parse(t, `{"properties":{"networkRuleCollections":[{"name":"jitbot-test-network","properties":{"priority":117,"action":{"type":"Allow"},"rules":[{"name":"mine","protocols":["TCP"]}]}}]}}`)
	before := normal(t, doc)
	for _, changes := range [][]rules.Change{puts(networkRule("g-7k2qd", 1)), taking(networkRule("g-7k2qd", 1))} {
		if _, err := editFirewall(doc, changes); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(normal(t, doc), `"mine"`) {
			t.Error("the stranger's rule is gone")
		}
	}
	if diff := cmp.Diff(before, normal(t, doc)); diff != "" {
		t.Errorf("not as before (-want +got):\n%s", diff)
	}
}

// A collection whose name is ours in another case is a stranger's, with all that
// it holds.
func TestEditKeepsCollectionsOfAlmostOurName(t *testing.T) {
	doc := parse(t, `{"properties":{"networkRuleCollections":[{"name":"JITBOT-test-network","properties":{"priority":117,"action":{"type":"Allow"},"rules":[`+
		string(encode(toFirewallRule(networkRule("g-7k2qd", 1), false)))+`]}}]}}`)
	if changed, err := editFirewall(doc, taking(networkRule("g-7k2qd", 1))); err != nil || changed {
		t.Errorf("changed %t, %v", changed, err)
	}
	var f firewall
	if err := json.Unmarshal(encode(doc), &f); err != nil {
		t.Fatal(err)
	}
	if table := f.table(); len(table.Rules) != 1 || !strings.HasPrefix(table.Rules[0].Name, "JITBOT-test-network/") {
		t.Errorf("%+v", table.Rules)
	}
}

func TestEditRefuses(t *testing.T) {
	taken := parse(t, `{"properties":{"networkRuleCollections":[{"name":"jitbot-test-network","properties":{"priority":117,"action":{"type":"Deny"},"rules":[]}}]}}`)
	for name, c := range map[string]struct {
		doc     fields
		changes []rules.Change
	}{
		"a collection of ours that denies": {taken, puts(networkRule("g-7k2qd", 1))},
		"a rule that is not ours":          {fields{}, []rules.Change{{Remove: "https"}}},
		"what is no list":                  {parse(t, `{"properties":{"natRuleCollections":{}}}`), puts(dnatRule("g-7k2qd", 1))},
	} {
		if _, err := editFirewall(c.doc, c.changes); err == nil {
			t.Errorf("%s: not refused", name)
		}
	}
}

func TestEditGroup(t *testing.T) {
	doc := fields{}
	changed, emptied, err := editGroup(doc, puts(networkRule("g-7k2qd", 1), dnatRule("g-7k2qd", 1)))
	if err != nil || !changed || emptied {
		t.Fatal(changed, emptied, err)
	}
	var g ruleGroup
	if err := json.Unmarshal(encode(doc), &g); err != nil {
		t.Fatal(err)
	}
	if g.Properties.Priority != 117 || len(g.Properties.Collections) != 2 || g.Properties.Collections[0].Priority == g.Properties.Collections[1].Priority {
		t.Errorf("%+v", g)
	}
	if changed, emptied, err = editGroup(doc, taking(dnatRule("g-7k2qd", 1))); err != nil || !changed || emptied {
		t.Error(changed, emptied, err)
	}
	if changed, emptied, err = editGroup(doc, taking(networkRule("g-7k2qd", 1))); err != nil || !changed || !emptied {
		t.Error(changed, emptied, err)
	}
}

// Whatever stands in a firewall's document: rules of ours put in and taken out
// again leave it as it was, and what was put in is read back.
func FuzzEditFirewall(f *testing.F) {
	f.Add([]byte(strangersFirewall))
	f.Add([]byte(`{"properties":{"networkRuleCollections":null}}`))
	f.Add([]byte(`{"properties":{"networkRuleCollections":[{"name":"JITBOT-TEST-NETWORK","properties":{"priority":117,"action":{"type":"Allow"},"rules":[{"name":"mine"}]}}]}}`))
	f.Add([]byte(`{"properties":{"natRuleCollections":[{"properties":null},{"name":7}]}}`))
	f.Add([]byte(`{"properties":{"networkRulecolleCtions":[{"nAme":"0","rules":[{}]}]}}`)) // a name that is nearly ours
	f.Fuzz(func(t *testing.T, data []byte) {
		var doc fields
		if json.Unmarshal(data, &doc) != nil || doc == nil {
			return
		}
		list := []rules.Rule{networkRule("g-7k2qd", 1), dnatRule("g-7k2qd", 1)}
		if strings.Contains(strings.ToLower(string(data)), "g-7k2qd") {
			return // they are there already
		}
		if _, err := editFirewall(doc, nil); err != nil {
			return
		}
		before := normal(t, doc)
		if _, err := editFirewall(doc, puts(list...)); err != nil {
			return
		}
		var read firewall
		if err := json.Unmarshal(encode(doc), &read); err == nil {
			table := read.table()
			for _, want := range list {
				if !slices.ContainsFunc(table.Rules, func(r rules.Rule) bool { return r.Name == want.Name && r.To == want.To }) {
					t.Errorf("%s was put in and is not read back", want.Name)
				}
			}
		}
		if _, err := editFirewall(doc, taking(list...)); err != nil {
			t.Fatalf("what was put in cannot be taken out: %v", err)
		}
		if after := normal(t, doc); after != before && !strings.Contains(strings.ToLower(string(data)), "jitbot-test-") {
			t.Errorf("not as before:\n%s\nwas\n%s", after, before)
		}
	})
}
