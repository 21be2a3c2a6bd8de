package simulated

import (
	"maps"
	"net/netip"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/policies"
)

// Config is the bot's configuration in a World: SSH for everybody, RDP for an
// office, and one approval by Approvers.
func Config() policies.Config {
	return policies.Config{
		Installation: "prod", OpenWithin: time.Minute, Channel: "C0CARDS",
		Bands: policies.Bands{
			Allow:        policies.Band{From: 100, To: 249},
			DenyOverride: policies.Band{From: 250, To: 299},
			DenyRespect:  policies.Band{From: 3900, To: 4096},
		},
		Users: map[jit.UserID]string{
			Ada: azuresim.DemoAda, Bob: azuresim.DemoBob, Grace: azuresim.DemoGrace, Alan: azuresim.DemoAlan, Carol: azuresim.DemoCarol,
		},
		RequiredActions: policies.DefaultActions(),
		Admins:          []string{string(Carol)},
		Approvals:       []policies.ApprovalRule{{Approvers: []string{Approvers}, Required: 1, PendingFor: time.Hour}},
		Policies: []policies.Policy{{
			Ports: []jit.PortPolicy{
				{Ports: jit.Ports{From: 22, To: 22, Protocol: jit.TCP}, Any: true, Shortest: 5 * time.Minute, Longest: 3 * time.Hour},
				{
					Ports: jit.Ports{From: 3389, To: 3389, Protocol: jit.TCP}, Sources: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")},
					Shortest: 5 * time.Minute, Longest: time.Hour,
				},
			},
			Widest: jit.Widths{V4: 32, V6: 128}, Extend: jit.ExtendTerms{Times: 2, Total: 6 * time.Hour},
		}},
	}
}

// With copies the configuration for one test to change.
func (w *World) With(change func(*policies.Config)) {
	w.Config.Users = maps.Clone(w.Config.Users)
	change(&w.Config)
}
