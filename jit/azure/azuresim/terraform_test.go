package azuresim_test

import (
	"fmt"
	"strings"
	"testing"

	"jitbot/jit/azure/azuresim"
)

func TestTerraformApply(t *testing.T) {
	w := newWorld(t)
	if got := w.ask("PUT", azuresim.DemoDevNSG+"/securityRules/jitbot-old", ruleJSON(map[string]any{"priority": 160})); got.status != 201 {
		t.Fatal(got.text)
	}
	before := w.DumpRules(azuresim.DemoDevNSG, ours)
	plan, err := w.Terraform(azuresim.DemoDevNSG, ours)
	if err != nil {
		t.Fatal(err)
	}
	etag := w.ETag(azuresim.DemoDevNSG)
	w.ask("PUT", azuresim.DemoDevNSG+"/securityRules/jitbot-new", ruleJSON(nil))
	if err := w.DeleteRule(azuresim.DemoDevNSG, "office"); err != nil {
		t.Fatal(err)
	}
	removed, err := plan.Apply()
	if err != nil || strings.Join(removed, " ") != "jitbot-new jitbot-old" {
		t.Errorf("%q %v", removed, err)
	}
	if after := w.DumpRules(azuresim.DemoDevNSG, nil); after != before || w.ETag(azuresim.DemoDevNSG) == etag {
		t.Errorf("%s\n%s", before, after)
	}
	if _, err := w.Terraform("/nothing", nil); err == nil {
		t.Error("no such group")
	}
}

// Whatever an apply removes it tells, while others write.
func TestTerraformTellsAll(t *testing.T) {
	w := newWorld(t)
	plan, err := w.Terraform(azuresim.DemoDevNSG, nil)
	if err != nil {
		t.Fatal(err)
	}
	const rules = 300
	written := make(chan error)
	go func() {
		r := azuresim.Rule{
			Access: "Allow", Direction: "Inbound", Protocol: "Tcp", SourceAddressPrefix: "*", SourcePortRange: "*",
			DestinationAddressPrefix: "*", DestinationPortRange: "22",
		}
		for i := range rules {
			r.Name, r.Priority = fmt.Sprintf("jitbot-%d", i), 2000+i
			if err := w.PutRule(azuresim.DemoDevNSG, r); err != nil {
				written <- err
			}
		}
		close(written)
	}()
	told := 0
	for going := true; going; {
		select {
		case err, more := <-written:
			if going = more; err != nil {
				t.Error(err)
			}
		default:
		}
		removed, err := plan.Apply()
		if told += len(removed); err != nil {
			t.Fatal(err)
		}
	}
	if told != rules {
		t.Errorf("told %d of %d", told, rules)
	}
}
