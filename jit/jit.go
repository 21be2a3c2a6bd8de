package jit

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"jitbot/jit/guardpath"
)

// UserID names whoever acts: a Slack user (U… or W…), or host:<name> for
// somebody with a shell on the bot's machine.
type UserID string

// Person is somebody as both sides know them. Authority is decided from
// Entra, never from Name.
type Person struct {
	ID    UserID `json:"id"`
	Entra string `json:"entra,omitempty"` // Entra object id; empty for host callers
	Name  string `json:"name,omitempty"`  // Entra user principal name, for people to read
}

// ID names a grant in Slack, in rule names and in the record: g- and five
// characters that are not confused with each other.
type ID string

// idAlphabet leaves out 0 o 1 l i and u, v: they are misread or misheard.
const idAlphabet = "23456789abcdefghjkmnpqrstwxyz"

const idLength = 5

var idPattern = regexp.MustCompile(`^g-[` + idAlphabet + `]{5}$`)

// Valid reports whether the id has the form that jitbot gives.
func (id ID) Valid() bool { return idPattern.MatchString(string(id)) }

// Protocol is what a rule filters, in Azure's words but lower case.
type Protocol string

// The protocols a policy may name; AnyProtocol is Azure's "*".
const (
	TCP         Protocol = "tcp"
	UDP         Protocol = "udp"
	AnyProtocol Protocol = "*"
)

// Covers reports whether a rule for p also concerns q.
func (p Protocol) Covers(q Protocol) bool { return p == AnyProtocol || p == q }

// Ports is an inclusive range of ports of one protocol.
type Ports struct {
	From     uint16   `json:"from"`
	To       uint16   `json:"to"`
	Protocol Protocol `json:"protocol"`
}

// String is what a person would type: 22, 8000-8010, 53/udp.
func (p Ports) String() string {
	s := p.Span()
	if p.Protocol != TCP && p.Protocol != "" {
		s += "/" + string(p.Protocol)
	}
	return s
}

// Span is the range alone in Azure's form: "22" or "8000-8010".
func (p Ports) Span() string {
	if p.From == p.To {
		return fmt.Sprint(p.From)
	}
	return fmt.Sprintf("%d-%d", p.From, p.To)
}

// Contains reports whether all of q lies within p.
func (p Ports) Contains(q Ports) bool {
	return p.From <= q.From && q.To <= p.To && p.Protocol.Covers(q.Protocol)
}

// VM is a virtual machine with what is needed to open a port to it.
type VM struct {
	ID         string            `json:"id"`              // Azure resource id as Azure writes it; compare with resource.Same
	VMID       string            `json:"vm_id,omitempty"` // which machine it is: another one has another, also under the same id
	Name       string            `json:"name"`
	Group      string            `json:"group"` // resource group
	Location   string            `json:"location,omitempty"`
	Tags       map[string]string `json:"tags,omitempty"`
	OS         string            `json:"os,omitempty"`    // Linux or Windows
	Power      string            `json:"power,omitempty"` // running, deallocated, …; empty when not asked for
	Interfaces []Interface       `json:"interfaces,omitempty"`
	Partial    bool              `json:"partial,omitempty"` // an interface or address of it came or went while it was listed
	Blind      bool              `json:"blind,omitempty"`   // which firewalls are before it could not be read
}

// Interface is a network interface of a VM.
type Interface struct {
	ID        string    `json:"id"`
	Guard     string    `json:"guard,omitempty"` // NSG of the interface, empty when none
	Addresses []Address `json:"addresses"`
	Unread    []string  `json:"unread,omitempty"` // what else stands as an address of it and no rule can name: never counted as shut
}

// Address is one private address of an interface; a block of addresses is one each.
type Address struct {
	Addr         netip.Addr              `json:"addr"`
	Subnet       string                  `json:"subnet,omitempty"`
	SubnetGuard  string                  `json:"subnet_guard,omitempty"` // NSG of the subnet, empty when none
	Groups       []string                `json:"groups,omitempty"`       // application security groups, resource ids
	Public       string                  `json:"public,omitempty"`       // public address in front, empty when none
	FirewallHops []guardpath.FirewallHop `json:"gateways,omitempty"`     // Azure Firewalls before it
}

// Clock names the instants a grant is measured by. All are UTC and compared,
// never timers that fire.
type Clock struct {
	Lapse    time.Time `json:"lapse,omitzero"`    // pending: when the request lapses
	Approved time.Time `json:"approved,omitzero"` // the last approval
	Begun    time.Time `json:"begun,omitzero"`    // stored before the first write
	OpenBy   time.Time `json:"open_by,omitzero"`  // unconfirmed by then is a failed opening
	Until    time.Time `json:"until,omitzero"`    // begun + duration + open_within: what the rules' descriptions say
	Opened   time.Time `json:"opened,omitzero"`   // confirmed in force
	Deadline time.Time `json:"deadline,omitzero"` // opened + duration, never after Until
	Remind   time.Time `json:"remind,omitzero"`   // when the holder is told that the end is near
	Closing  time.Time `json:"closing,omitzero"`  // closing was stored
	Due      time.Time `json:"due,omitzero"`      // when closing should have begun: lateness is counted from here
	Ended    time.Time `json:"ended,omitzero"`    // read back gone, or never opened

	RemindBefore time.Duration `json:"remind_before,omitempty"` // as the policy had it at the ask; 0 reminds nobody
}

const hostPrefix = "host:"

// Host reports whether the caller has a shell on the bot's machine.
func (id UserID) Host() bool { return strings.HasPrefix(string(id), hostPrefix) }

// Same reports whether both are one person, by their Slack or their Entra id.
func (p Person) Same(o Person) bool {
	return p.ID == o.ID || p.Entra != "" && strings.EqualFold(p.Entra, o.Entra)
}

// Mentions reports whether the name, group or a tag contains the text, which is
// in lower case.
func (v VM) Mentions(text string) bool {
	if strings.Contains(strings.ToLower(v.Group+"/"+v.Name), text) {
		return true
	}
	for key, value := range v.Tags {
		if strings.Contains(strings.ToLower("tag:"+key+"="+value), text) {
			return true
		}
	}
	return false
}

// Addresses are the private addresses of all its interfaces.
func (v VM) Addresses() []netip.Addr {
	var out []netip.Addr
	for _, nic := range v.Interfaces {
		for _, a := range nic.Addresses {
			out = append(out, a.Addr)
		}
	}
	return out
}
