package resource_test

import (
	"strings"
	"testing"

	"jitbot/jit/resource"
)

const (
	hub      = "/subscriptions/s/resourceGroups/hub"
	group    = hub + "/providers/Microsoft.Network/networkSecurityGroups/web-nsg"
	firewall = hub + "/providers/Microsoft.Network/azureFirewalls/hub-fw"
	policy   = hub + "/providers/Microsoft.Network/firewallPolicies/edge-policy/ruleCollectionGroups/jitbot-prod"
	// A group that is called like a firewall's type is a group.
	misnamed = "/subscriptions/s/resourceGroups/azureFirewalls/providers/Microsoft.Network/networkSecurityGroups/azureFirewalls"
)

func TestKindOf(t *testing.T) {
	for guard, want := range map[string]struct {
		kind       resource.GuardKind
		name, noun string
	}{
		group:    {resource.SecurityGroup, "web-nsg", "network security group"},
		firewall: {resource.ClassicFirewall, "hub-fw", "firewall"},
		policy:   {resource.PolicyGroup, "edge-policy", "firewall policy"},
		misnamed: {resource.SecurityGroup, "azureFirewalls", "network security group"},
		"":       {resource.SecurityGroup, "", "network security group"},
	} {
		for _, id := range []string{guard, strings.ToLower(guard)} {
			if kind := resource.KindOf(id); kind != want.kind || kind.Noun() != want.noun {
				t.Errorf("%s is a %s, want %s", id, kind.Noun(), want.noun)
			}
			if name := resource.GuardName(id); !strings.EqualFold(name, want.name) {
				t.Errorf("%s is called %s, want %s", id, name, want.name)
			}
			if is := resource.IsFirewall(id); is != (want.kind != resource.SecurityGroup) {
				t.Errorf("%s: a change of it changes a firewall: %t", id, is)
			}
		}
	}
}

func TestWithin(t *testing.T) {
	for _, tt := range []struct {
		id, scope string
		want      bool
	}{
		{group, "/subscriptions/s", true},
		{group, "/SUBSCRIPTIONS/S/", true},
		{group, hub, true},
		{strings.ToUpper(group), hub, true},
		{group, group, true},
		{group, "", true},
		{group, "/", true},
		{group, "/providers/Microsoft.Management/managementGroups/root", true},
		{hub, group, false},
		{group, "/subscriptions/s/resourceGroups/hu", false},
		{hub + "-2", hub, false},
		{group, "/subscriptions/other", false},
	} {
		if got := resource.Within(tt.id, tt.scope); got != tt.want {
			t.Errorf("%q within %q: %t", tt.id, tt.scope, got)
		}
	}
}

func TestSame(t *testing.T) {
	if !resource.Same(group, strings.ToUpper(group)) || resource.Same(group, firewall) {
		t.Error("ids are the same but for the case, or not at all")
	}
}

func TestName(t *testing.T) {
	for id, want := range map[string]string{group: "web-nsg", policy: "jitbot-prod", "plain": "plain", "": "", hub + "/": ""} {
		if got := resource.Name(id); got != want {
			t.Errorf("%q is called %q, want %q", id, got, want)
		}
	}
}
