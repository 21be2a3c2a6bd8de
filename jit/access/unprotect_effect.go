package access

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"jitbot/jit"
	"jitbot/jit/protection"
	"jitbot/jit/reach"
	"jitbot/jit/rules"
)

// UnprotectEffect is what unprotecting a VM would let in, by the rules of other people
// and of Azure alone. Err says why it cannot be unprotected, or that this cannot be read.
type UnprotectEffect struct {
	VMResult
	Gone  bool     // Azure lists no machine of that id
	Opens []Opened // what would not be shut, in the order of the protection's ports
}

// Opened is a port that is not shut to a source once jitbot's denies are gone.
type Opened struct {
	Ports  jit.Ports
	Source string       // Internet or VirtualNetwork
	Answer reach.Answer // never Deny
	Rules  []RuleRef    // that let it in
	Who    string       // of a part, whom the first of them lets in, as a sentence
}

// UnprotectEffects says what Unprotect would open, of ten VMs at most, for an admin who
// may do it. It is read afresh and changes nothing.
func (s *Service) UnprotectEffects(ctx context.Context, by jit.UserID, words []string) ([]UnprotectEffect, error) {
	found := map[string]UnprotectEffect{}
	few := func(ctx context.Context, words []string) ([]jit.VM, error) {
		vms, err := s.checks.FindProtected(ctx, words)
		if len(vms) > maxForeseen {
			return nil, jit.Refuse(jit.ErrInput, "That names %s VMs, and what unprotecting opens is said of at most %s at once; name fewer.",
				fmt.Sprint(len(vms)), fmt.Sprint(maxForeseen))
		}
		return vms, err
	}
	results, err := s.eachVM(ctx, by, "unprotect", words, few, func(ctx context.Context, _ jit.Person, vm jit.VM) error {
		e, err := s.opensWithout(ctx, vm)
		found[vm.ID] = e
		return err
	})
	out := make([]UnprotectEffect, 0, len(results))
	for _, r := range results {
		e := found[r.VM.ID]
		e.VMResult = r
		out = append(out, e)
	}
	return out, err
}

// opensWithout is what is open of a VM's protected ports without any rule of jitbot.
func (s *Service) opensWithout(ctx context.Context, vm jit.VM) (UnprotectEffect, error) {
	var e UnprotectEffect
	p, err := s.unprotectable(ctx, vm)
	if err != nil {
		return e, err
	}
	vm, err = s.adapters.Inventory.VM(ctx, vm.ID)
	if errors.Is(err, jit.ErrNotFound) {
		e.Gone = true
		return e, nil
	}
	if err != nil {
		return e, fmt.Errorf("reading %s: %w", p.Name, err)
	}
	var tables []rules.Table
	for _, guard := range reach.NSGsOf(vm) {
		t, err := s.checks.Table(ctx, guard)
		if err != nil {
			return e, err
		}
		owner := s.checks.Owner.Knowing(guard, nil, []protection.Protection{p})
		t.Rules = slices.DeleteFunc(slices.Clone(t.Rules), func(r rules.Rule) bool {
			_, ours := owner.Ours(r)
			return ours
		})
		tables = append(tables, t)
	}
	around, _ := s.checks.Topology(ctx, []jit.VM{vm}) // what is not known of it makes the answer Unknown
	for _, pp := range p.Ports {
		for _, source := range []string{"Internet", "VirtualNetwork"} {
			v := reach.VerifyFlow(vm, tables, around(vm), reach.Flow{Source: source, Ports: pp.Ports})
			if v.Decision != reach.AnswerDeny {
				e.Opens = append(e.Opens, opened(pp.Ports, source, v))
			}
		}
	}
	return e, nil
}

func opened(ports jit.Ports, source string, v reach.Verdict) Opened {
	o := Opened{Ports: ports, Source: source, Answer: v.Decision, Rules: allowing(v.Why)}
	if i := slices.IndexFunc(v.Why, func(r reach.Reason) bool { return r.Allow && r.Rule != "" }); i >= 0 && o.Answer == reach.AnswerPartly {
		o.Who = v.Why[i].Text
	}
	return o
}

// allowing are the rules of the reasons that let in, each once.
func allowing(why []reach.Reason) []RuleRef {
	var out []RuleRef
	for _, r := range why {
		ref := RuleRef{r.Rule, r.Guard}
		if r.Allow && r.Rule != "" && !slices.Contains(out, ref) {
			out = append(out, ref)
		}
	}
	return out
}
