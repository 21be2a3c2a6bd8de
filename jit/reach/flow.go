package reach

import (
	"fmt"
	"net/netip"

	"jitbot/jit"
	"jitbot/jit/ipset"
	"jitbot/jit/rules"
	"jitbot/jit/text"
)

// Answer is whether packets get to a VM.
type Answer string

// The answers to a Flow.
const (
	AnswerAllow   Answer = "Allow"   // all of it gets through
	AnswerDeny    Answer = "Deny"    // none of it gets through
	AnswerPartly  Answer = "Partly"  // some sources or ports get through, others do not
	AnswerUnknown Answer = "Unknown" // it hangs on something that is not known, which Why names
)

// Level is where on the way something decides.
type Level string

// The levels of a Reason.
const (
	AtFirewall  Level = "firewall"
	AtNetwork   Level = "network" // an admin rule of Virtual Network Manager
	AtSubnet    Level = "subnet"
	AtInterface Level = "interface"
	AtFrontend  Level = "front"   // a public address or load balancer, which decides nothing by itself
	AtNowhere   Level = "nowhere" // no guard, or no address to ask about
)

// Reason is one thing that decides, in words and in parts.
type Reason struct {
	Guard    string // resource id of the NSG, or the firewall's name; empty for none
	Rule     string // empty when no rule decides
	Priority int
	Level    Level
	Allow    bool   // what the rule says; of no rule: what that means
	Text     string // a sentence, with the packets that it is about
}

// Flow is what is asked about: who, to which ports of the VM. Source is an
// address, a prefix, or a word as in a rule: *, Internet, VirtualNetwork,
// AzureLoadBalancer. The protocol * means those that have ports, TCP and UDP.
type Flow struct {
	Source string
	Ports  jit.Ports
}

// Way is one way to the VM: to one of its addresses, directly or by a
// translation of a firewall.
type Way struct {
	Interface string
	Address   netip.Addr
	Via       string // the firewall's public side; empty for the address itself
	Decision  Answer // about what this way takes
	Why       []Reason
}

// Verdict is the answer to a Flow. A packet that one of the ways lets through
// gets to the VM.
type Verdict struct {
	Decision Answer
	Why      []Reason // of every way, what agrees with the decision first
	Ways     []Way
}

// VerifyFlow is the IP flow verify of Network Watcher, for whole sets of packets:
// it decides whether the flow gets to the VM, from the rules alone, in the
// order in which Azure evaluates them: firewall, admin rules of Virtual Network
// Manager, NSG of the subnet, NSG of the interface. It needs no running VM and
// guesses nothing: who is in a service tag that the topology does not tell makes
// the answer Unknown, unless all it could mean comes to the same.
// https://learn.microsoft.com/azure/virtual-network/network-security-group-how-it-works
func VerifyFlow(vm jit.VM, tables []rules.Table, topology Topology, flow Flow) Verdict {
	ev := newEvaluator(tables, topology, flow.Ports.Protocol)
	source := ev.tags.Source(flow.Source)
	asked := ipset.Packets{
		Sources: source.Any(), SourcePorts: ipset.AllPorts(),
		Ports:     ipset.Span(ipset.Port(flow.Ports.From), ipset.Port(flow.Ports.To)),
		Protocols: ipset.Span(0, ipset.Index(len(ev.protocols)-1)),
	}
	if asked.Empty() || flow.Ports.From > flow.Ports.To {
		return plainVerdict(AnswerUnknown, "Nothing was asked: the source "+flow.Source+" or the ports "+flow.Ports.String()+" are empty.")
	}
	all := asked.Sources
	asked.Sources = all.Intersect(familiesOf(vm))
	if asked.Empty() {
		return plainVerdict(AnswerDeny, fmt.Sprintf("%s has no address of the family of %s, so nothing from there can get to it.",
			vm.Name, flow.Source))
	}
	paths := ev.paths(vm, asked)
	verdict := Verdict{Decision: decide(asked, paths)}
	if verdict.Decision == AnswerPartly && len(source.Doubts) > 0 {
		verdict.Decision = AnswerUnknown // the parts may be outside of what was asked
	}
	for _, r := range paths {
		verdict.Ways = append(verdict.Ways, r.way)
	}
	verdict.Why = ev.reasons(verdict.Decision, paths)
	if verdict.Decision == AnswerUnknown {
		for _, d := range source.Doubts {
			verdict.Why = append(verdict.Why, Reason{Level: AtNowhere, Text: text.Capital(d) + "."})
		}
	}
	return verdict
}

// plainVerdict is one that no rule is asked for.
func plainVerdict(a Answer, text string) Verdict {
	return Verdict{Decision: a, Why: []Reason{{Level: AtNowhere, Text: text}}}
}

// familiesOf are all addresses of the families of the VM's addresses.
func familiesOf(vm jit.VM) ipset.Addresses {
	var out ipset.Addresses
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			if a.Addr.IsValid() {
				out = out.Union(ipset.FamilyOf(a.Addr))
			}
		}
	}
	return out
}

// path is a way with its decisions, and with what the answer says beside them.
type path struct {
	way       Way
	decisions []decision
	notes     []Reason
}

func (ev evaluator) paths(vm jit.VM, asked ipset.Packets) []path {
	var out []path
	for _, nic := range vm.Interfaces {
		for _, a := range nic.Addresses {
			if packets := asked.Intersect(sameFamily(a, asked)); !packets.Empty() {
				out = append(out, ev.pathsTo(nic, a, packets)...)
			}
		}
		for _, text := range nic.Unread {
			out = append(out, ev.unreadPath(nic, text, asked))
		}
	}
	return out
}

// sameFamily is all that can be sent to the address.
func sameFamily(a jit.Address, asked ipset.Packets) ipset.Packets {
	asked.Sources = nil
	if a.Addr.IsValid() {
		asked.Sources = ipset.FamilyOf(a.Addr)
	}
	return asked
}

func (ev evaluator) pathsTo(nic jit.Interface, a jit.Address, packets ipset.Packets) []path {
	out := []path{ev.path(nic, a, "", packets, ev.direct(nic, a, packets))}
	for _, fw := range ev.topology.Firewalls {
		for i, t := range fw.DNATRules {
			if decisions := ev.throughDNAT(nic, a, fw, i, packets); len(decisions) > 0 {
				out = append(out, ev.path(nic, a, fw.publicSide(t), packets, decisions))
			}
		}
	}
	for _, h := range ev.topology.ToHosts {
		if decisions := ev.toHost(nic, a, h, packets); len(decisions) > 0 {
			out = append(out, ev.path(nic, a, h.Firewall.publicSide(h.Rule), packets, decisions))
		}
	}
	if out[0].way.Decision != AnswerDeny && len(packets.Sources.Intersect(ev.tags.Internet.Sure)) > 0 {
		out[0].notes = ev.frontendReasons(a, packets, len(out) > 1)
	}
	return out
}

func (ev evaluator) path(nic jit.Interface, a jit.Address, via string, packets ipset.Packets, decisions []decision) path {
	r := path{way: Way{Interface: nic.ID, Address: a.Addr, Via: via}, decisions: decisions}
	if via != "" {
		packets = ipset.Packets{}
	}
	r.way.Decision = decide(packets, []path{r})
	r.way.Why = ev.reasons(r.way.Decision, []path{r})
	return r
}
