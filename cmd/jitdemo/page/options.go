package page

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/protection"
)

// Options say what the page shows and what its buttons do. Slack, Azure and Now
// are required; every other empty field gets the default named beside it, and a
// nil function takes its button away.
type Options struct {
	Slack *slacksim.Sim
	Azure *azuresim.Sim

	// People are who the reader may be, in this order; the demo's five.
	People []Person
	// Hints complete what is typed after the slash command; those of jitbot's
	// help.
	Hints []Hint
	// Shortcuts are the app's global shortcuts; none.
	Shortcuts []Shortcut
	// Walks are what a newcomer may try; a grant, a protection, terraform and a
	// firewall.
	Walks []Walk

	// Guards are the ids of the network security groups shown, in this order; all.
	Guards []string
	// Firewalls are the ids of the Azure Firewalls shown, in this order; all.
	Firewalls []string
	// VMs are the ids of the machines shown, in this order; all.
	VMs []string
	// Sources are from where reachability is asked; four of the demo.
	Sources []Source
	// Ports are the ports of that question; 22 and 3389.
	Ports []int
	// Installation is whose rules are marked as the bot's own; "demo".
	Installation string

	// Now is the demo's clock, Skip moves it ahead. Skip must not wait for the page.
	Now  func() time.Time
	Skip func(d time.Duration)
	// Kill ends the bot as a crash would, Start brings it back; they are never
	// called at once. Running says which of them applies.
	Kill, Start func() error
	Running     func() bool
	// Grants are those that have not ended, for the countdowns; Protections are
	// the VMs whose ports are kept shut.
	Grants      func(ctx context.Context) ([]jit.Grant, error)
	Protections func(ctx context.Context) ([]protection.Protection, error)

	// Log hears of what failed; nothing by default.
	Log *slog.Logger
}

// Person is somebody the reader may be.
type Person struct {
	ID   string `json:"id"`   // Slack's
	Role string `json:"role"` // a word or two: "approver"
}

// Shortcut is a global shortcut of the app.
type Shortcut struct {
	Callback string `json:"callback"`
	Name     string `json:"name"`
}

// Source is an address from which somebody may try to get in.
type Source struct {
	Name    string `json:"name"` // short, the head of a column
	Address string `json:"address"`
}

func (o Options) withDefaults() Options {
	if o.People == nil {
		o.People = []Person{
			{slacksim.DemoEngineerID, "engineer"},
			{slacksim.DemoApproverID, "approver"},
			{slacksim.DemoApprover2ID, "approver, admin"},
			{slacksim.DemoOutsiderID, "no Azure role"},
			{slacksim.DemoGuestID, "guest"},
		}
	}
	if o.Hints == nil {
		o.Hints = demoHints()
	}
	if o.Walks == nil {
		o.Walks = demoWalks()
	}
	if o.Sources == nil {
		o.Sources = []Source{
			{"You", "203.0.113.7"},
			{"Build", "198.51.100.10"},
			{"Stranger", "198.51.100.77"},
			{"Inside", "10.10.9.4"},
		}
	}
	if o.Ports == nil {
		o.Ports = []int{22, 3389}
	}
	if o.Installation == "" {
		o.Installation = "demo"
	}
	if o.Running == nil {
		o.Running = func() bool { return true }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o.clone()
}

func (o Options) clone() Options {
	o.People, o.Hints, o.Shortcuts = slices.Clone(o.People), slices.Clone(o.Hints), slices.Clone(o.Shortcuts)
	o.Walks, o.Sources, o.Ports = slices.Clone(o.Walks), slices.Clone(o.Sources), slices.Clone(o.Ports)
	o.Guards, o.Firewalls, o.VMs = slices.Clone(o.Guards), slices.Clone(o.Firewalls), slices.Clone(o.VMs)
	return o
}
