package e2e_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit/azure/azuresim"
)

// Whoever asks for a VM that nothing of jitbot's keeps shut is told so, and how
// it is protected; the same is on the card.
func TestUnprotectedIsSaid(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		w.Start()
		notes := func(from string, vms ...string) string {
			g, err := w.AskFrom(ada, time.Hour, from, vms...)
			if err != nil {
				t.Fatalf("asking for %v: %v", vms, err)
			}
			return strings.Join(slices.Concat(g.Warnings, g.Notes), "\n")
		}
		for _, tt := range []struct {
			vms  []string
			want []string
		}{
			{[]string{"web-1"}, []string{"web-1 is not protected: nothing keeps it shut but rules that are not jitbot's", "an admin can protect it with /jit protect prod-web/web-1"}},
			{[]string{"jump-1"}, []string{"port 22 is already open to 203.0.113.7/32 without a grant, by rule ssh-anywhere", "an admin can protect it with /jit protect prod-web/jump-1"}},
			{[]string{"web-1", "web-2"}, []string{"web-1, web-2 are not protected", "an admin can protect them with /jit protect prod-web/web-1,prod-web/web-2"}},
		} {
			got := notes("203.0.113.7/32", tt.vms...)
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("%v: %q is not in %q", tt.vms, want, got)
				}
			}
		}
		w.Protect("jump-1")
		if got := notes("203.0.113.8/32", "jump-1"); got != "" {
			t.Errorf("of a protected VM: %q", got)
		}
	})
}

// No command is named that would be refused: where there is nothing to protect
// with, and where the configuration decides.
func TestUnprotectedWithoutACommand(t *testing.T) {
	firewalled(t, func(t *testing.T, w *world) {
		if err := w.Azure.SetNSGOnSubnet(simulated.CoreSubnet, ""); err != nil {
			t.Fatal(err)
		}
		err := w.Azure.PutRule(azuresim.DemoJumpNSG, azuresim.Rule{
			Name: "first", Priority: 101, Access: "Allow", Direction: "Inbound", Protocol: "*", SourceAddressPrefix: "*", SourcePortRange: "*",
			DestinationAddressPrefix: "*", DestinationPortRange: "22",
		})
		if err != nil {
			t.Fatal(err)
		}
		w.Config.Policies[0].Always = true
		w.Start()
		w.Pass(2 * time.Minute)
		for vm, want := range map[string]string{
			"core-1": "core-1 is not protected. core-1 has no network security group",
			"jump-1": "jump-1 is not protected, though the configuration says always",
		} {
			g, err := w.Ask(ada, time.Hour, vm)
			if got := strings.Join(g.Notes, "\n"); err != nil || !strings.Contains(got, want) || strings.Contains(got, "/jit protect") {
				t.Errorf("%s: %v, %q", vm, err, got)
			}
		}
	})
}
