package host

import (
	"slices"
	"time"

	"jitbot/jit"
)

// Status is what jitbot list --json prints. Fields are added, and never renamed or
// removed.
type Status struct {
	At      time.Time `json:"at"`
	Running bool      `json:"running"` // whether a bot runs that closes what is due
	Grants  []Grant   `json:"grants"`  // those that have not ended, oldest first
	Stuck   []Stuck   `json:"stuck"`   // what should be closed and is not, also where no grant explains it
}

// Grant is one grant.
type Grant struct {
	ID      jit.ID     `json:"grant"`
	State   jit.State  `json:"state"`
	By      jit.UserID `json:"by"`             // who asked
	Name    string     `json:"name,omitempty"` // their Entra user name, where known
	VMs     []string   `json:"vms"`            // resource ids
	Ports   []string   `json:"ports"`          // 22, 8000-8010, 53/udp
	Sources []string   `json:"sources"`        // 203.0.113.7/32
	Reason  string     `json:"reason,omitempty"`
	Asked   time.Time  `json:"asked"`
	Lapses  time.Time  `json:"lapses,omitzero"` // pending: when nobody may approve it any more
	Until   time.Time  `json:"until,omitzero"`  // live: the deadline, or the latest end
	Ended   time.Time  `json:"ended,omitzero"`
	Ending  jit.Ending `json:"ending,omitempty"` // why it is closing or closed
	EndedBy jit.UserID `json:"ended_by,omitempty"`
	Stuck   bool       `json:"stuck,omitempty"`
	Fault   string     `json:"fault,omitempty"` // what went wrong last, or why it waits
}

// Stuck is something that should be closed and is not.
type Stuck struct {
	Grant jit.ID    `json:"grant,omitempty"`
	Since time.Time `json:"since,omitzero"`
	Fault string    `json:"fault"`
}

// Of is the grant as it is shown.
func Of(g jit.Grant) Grant {
	out := Grant{
		ID: g.ID, State: g.State, By: g.Request.By.ID, Name: g.Request.By.Name, VMs: g.VMs(), Ports: []string{}, Sources: []string{},
		Reason: g.Request.Reason, Asked: g.Request.At.UTC(), Ended: g.Clock.Ended.UTC(), Ending: g.Decision.Ending,
		EndedBy: g.Decision.By.ID, Stuck: g.Stuck, Fault: g.Waiting,
	}
	for _, p := range g.Request.Ports {
		out.Ports = append(out.Ports, p.String())
	}
	sources := g.Request.Sources
	if g.State.Live() && g.Move.Underway() {
		sources = slices.Concat(sources, g.Move.Other.Sources) // either may be let in
	}
	for _, s := range sources {
		out.Sources = append(out.Sources, s.String())
	}
	switch {
	case g.State == jit.Pending:
		out.Lapses = g.Clock.Lapse.UTC()
	case !g.State.Live():
	case !g.Clock.Deadline.IsZero():
		out.Until = g.Clock.Deadline.UTC()
	default:
		out.Until = g.Clock.Until.UTC()
	}
	for _, p := range g.Paths {
		if p.Fault != "" {
			out.Fault = p.Fault
		}
	}
	return out
}

// Gone reports whether nothing of the grant can be open any more.
func (g Grant) Gone() bool { return g.State.Ended() }
