package azuresim

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Planted is a rule that was put into a group.
type Planted struct {
	// NSG is the group's id.
	NSG  string
	Rule Rule
}

// DefenderJIT is what Microsoft Defender for Cloud's just-in-time access does
// to a VM.
type DefenderJIT struct {
	// VM is the machine's id; Policy the policy's name, empty: default.
	VM, Policy string
	// Ports are such as 22 or 5985-5986.
	Ports []string
	// Protocol and Source are those of an opening: Tcp, Udp or *; empty: *.
	Protocol, Source string
}

// DefenderProtect plants the denies that Defender writes when just-in-time
// access is switched on, with names, descriptions and bodies as seen in
// public exports of real groups: for the first private IPv4 address of each
// interface, in the groups of the interface and of its subnet, at the highest
// free priority number. Defender does move other people's rules at times; this does not.
func (s *Sim) DefenderProtect(v DefenderJIT) ([]Planted, error) {
	return s.plant(v, func(number, hex string) Rule {
		return Rule{
			Name: "SecurityCenter-JITRule_" + number + "_" + hex, Access: "Deny", Protocol: "*", SourceAddressPrefix: "*",
			Description: fmt.Sprintf("ASC JIT Network Access rule for policy '%s' of VM '%s'.", cmp.Or(v.Policy, "default"), nameOf(v.VM)),
		}
	}, highPriority, -1)
}

// DefenderOpen plants the allows that Defender writes when somebody asks for
// access, at the lowest free priority number.
func (s *Sim) DefenderOpen(v DefenderJIT) ([]Planted, error) {
	return s.plant(v, func(number, hex string) Rule {
		return Rule{
			Name: "SecurityCenter-JITRule-" + number + "-" + hex, Access: "Allow", Protocol: cmp.Or(v.Protocol, "*"),
			SourceAddressPrefix: cmp.Or(v.Source, "*"),
			Description: fmt.Sprintf(
				"ASC JIT Network Access rule created by an initiation request for policy '%s' of VM '%s'.", cmp.Or(v.Policy, "default"), nameOf(v.VM),
			),
		}
	}, lowPriority, 1)
}

// plant writes a rule into every group of a VM, looking for a free priority
// from one on. The number in its name goes with the interface, the
// hexadecimal part with the occasion.
func (s *Sim) plant(v DefenderJIT, rule func(number, hex string) Rule, from, step int) ([]Planted, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(time.Now())
	vm, found := s.vms[key(v.VM)]
	if !found {
		return nil, fmt.Errorf("no %s in the simulated world", v.VM)
	}
	hex := strings.ToUpper(strings.ReplaceAll(s.newGUID(), "-", ""))
	var all []Planted
	for _, id := range vm.NICs {
		nic := s.nics[key(id)]
		hash := sha256.Sum256([]byte(key(id)))
		r := rule(strconv.Itoa(int(int32(binary.BigEndian.Uint32(hash[:4])))), hex)
		r.Direction, r.SourcePortRange = "Inbound", "*"
		if len(v.Ports) == 1 {
			r.DestinationPortRange = v.Ports[0]
		} else {
			r.DestinationPortRanges = v.Ports
		}
		at := slices.IndexFunc(nic.IPs, func(ip IPConfig) bool { return !strings.Contains(ip.Address, ":") })
		if at < 0 {
			continue
		}
		_, subnet, _ := s.subnet(nic.IPs[at].Subnet)
		r.DestinationAddressPrefix = nic.IPs[at].Address
		for _, nsg := range []string{nic.NSG, subnet.NSG} {
			p, err := s.plantIn(nsg, r, from, step)
			if err != nil {
				return all, err
			}
			all = append(all, p...)
		}
	}
	return all, nil
}

func (s *Sim) plantIn(nsg string, r Rule, from, step int) ([]Planted, error) {
	g := s.nsgs[key(nsg)]
	if g == nil {
		return nil, nil
	}
	taken := map[int]bool{}
	for _, w := range g.rules {
		taken[w.Priority] = taken[w.Priority] || w.Direction == "Inbound"
	}
	for r.Priority = from; taken[r.Priority]; r.Priority += step {
	}
	if p := g.check(&r); p != nil {
		return nil, p
	}
	g.set(r, succeeded)
	g.enforceRule(key(r.Name))
	g.etag = s.newGUID()
	return []Planted{{NSG: g.id, Rule: r}}, nil
}
