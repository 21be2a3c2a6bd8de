package lookup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/policies"
	"jitbot/jit/protection"
	"jitbot/jit/reach"
	"jitbot/jit/route"
	"jitbot/jit/rules"
)

// Explanation is the answer to a dry run: what would become of a request for
// the VM. Nothing of it is stored.
type Explanation struct {
	VM        jit.VM
	For       jit.UserID
	Who       jit.Person       // the Entra user; zero when For is tied to none
	Refusal   *jit.Refusal     // why For may not ask; nil when they may
	Protected protection.State // empty when jitbot does not keep it shut
	Policy    bool             // one covers the VM
	Offers    []OfferedPort
	Guards    []string     // resource ids of the NSGs and firewalls whose rules a grant could change
	Blocked   *jit.Refusal // why no grant could open it
	Posture   reach.Posture
}

// OfferedPort is a port that may be asked for.
type OfferedPort struct {
	Port     jit.PortPolicy
	Widest   jit.Widths
	Duration time.Duration // that Rule was chosen for
	HasRule  bool          // somebody is to approve that long from one address: Rule
	Rule     policies.ApprovalRule
	TooFew   *jit.Refusal // too few could approve
	// Ways tell who gets to the port as the rules are now.
	Verdicts []SourceVerdict
}

// SourceVerdict is what becomes of a flow.
type SourceVerdict struct {
	Source  string // Internet or VirtualNetwork
	Verdict reach.Verdict
}

// Explain is a dry run of a request for one VM, by whoever asks or, for
// admins, by somebody else. Refused, like one that is not there, is a VM that the
// caller may not see.
func (s *Service) Explain(ctx context.Context, by jit.UserID, word string, who jit.UserID) (Explanation, error) {
	if _, err := s.checks.Member(ctx, by); err != nil {
		return Explanation{}, err
	}
	if who != by {
		admin, err := s.checks.IsListed(ctx, s.checks.Config.Admins, by)
		if err != nil {
			return Explanation{}, err
		}
		if !admin {
			return Explanation{}, jit.Refuse(jit.ErrAuthority,
				"Only admins may have it explained for somebody else; leave %s out to have it explained for you.", who)
		}
	}
	vm, err := s.oneVM(ctx, by, word)
	if err != nil {
		return Explanation{}, err
	}
	e := Explanation{VM: vm, For: who}
	if e.Who, e.Refusal, err = s.mayAsk(ctx, who, vm); err != nil {
		return e, err
	}
	return e, s.explain(ctx, &e)
}

// oneVM is the VM that somebody named, among those that they may see, as it is now.
func (s *Service) oneVM(ctx context.Context, by jit.UserID, word string) (jit.VM, error) {
	vms, err := s.FindVMs(ctx, by, []string{word})
	if err != nil {
		return jit.VM{}, err
	}
	if len(vms) != 1 {
		return jit.VM{}, jit.Refuse(jit.ErrInput, "That names %s VMs; name one.", fmt.Sprint(len(vms)))
	}
	vm, err := s.checks.Adapters.Inventory.VM(ctx, vms[0].ID)
	if errors.Is(err, jit.ErrNotFound) {
		return jit.VM{}, jit.Refuse(jit.ErrNotFound, "%s does not exist any more; check the name.", vms[0].Name)
	}
	if err != nil {
		return jit.VM{}, fmt.Errorf("reading %s: %w", vms[0].Name, err)
	}
	return vm, nil
}

// mayAsk says why the person may not ask for the VM, if so.
func (s *Service) mayAsk(ctx context.Context, id jit.UserID, vm jit.VM) (who jit.Person, no *jit.Refusal, err error) {
	who, err = s.checks.Identify(ctx, id)
	if err == nil {
		err = s.checks.CheckRights(ctx, who, vm, s.checks.Config.RequiredActions)
	}
	if errors.As(err, &no) {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("reading what %s may do: %w", id, err)
	}
	return who, no, err
}

func (s *Service) explain(ctx context.Context, e *Explanation) error {
	policy, ok, err := s.checks.Policy(ctx, e.VM)
	if err != nil {
		return err
	}
	protection, err := s.checks.Protection(ctx, e.VM.ID, e.VM.Name)
	if err != nil {
		return err
	}
	e.Policy, e.Protected = ok, protection.State
	for _, pp := range policy.Ports {
		o, err := s.offered(ctx, e, pp, policy.Widest)
		if err != nil {
			return err
		}
		e.Offers = append(e.Offers, o)
	}
	return s.explainPath(ctx, e, policy, protection)
}

// offered finds who would approve the shortest ask that is usual: from one
// address, for an hour or as long as is allowed.
func (s *Service) offered(ctx context.Context, e *Explanation, pp jit.PortPolicy, widest jit.Widths) (OfferedPort, error) {
	o := OfferedPort{Port: pp, Widest: widest, Duration: min(jit.DefaultDuration, pp.Longest)}
	i, ok := s.checks.Config.Approval(e.VM, []jit.Ports{pp.Ports}, nil, o.Duration)
	if !ok {
		return o, nil
	}
	o.HasRule, o.Rule = true, s.checks.Config.Approvals[i]
	err := s.checks.EnoughApprovers(ctx, o.Rule, e.Who)
	if errors.As(err, &o.TooFew) {
		err = nil
	}
	return o, err
}

// explainPath says what filters the VM now, and where a grant would change it.
func (s *Service) explainPath(ctx context.Context, e *Explanation, policy policies.Policy, protection protection.Protection) error {
	var tables []rules.Table
	for _, guard := range reach.NSGsOf(e.VM) {
		t, err := s.checks.Table(ctx, guard)
		if err != nil {
			return err
		}
		tables = append(tables, t)
	}
	groups, firewalls := reach.NSGsOf(e.VM), route.FirewallGuards(s.checks.Config.Installation, e.VM)
	e.Guards = slices.Concat(groups, firewalls)
	if len(e.Guards) == 0 {
		e.Blocked = route.RefuseUnfiltered(e.VM, "open")
	}
	// Every grant writes in each network security group, but only those from
	// some sources in a firewall.
	err := s.checks.CheckRemovable(ctx, groups)
	if err != nil && !errors.As(err, &e.Blocked) {
		return err
	}
	elsewhere := s.checks.CheckRemovable(ctx, firewalls)
	if elsewhere != nil && !errors.As(elsewhere, new(*jit.Refusal)) {
		return elsewhere
	}
	read, note := s.checks.Topology(ctx, []jit.VM{e.VM})
	around := read(e.VM)
	e.Posture = s.checks.Posture(e.VM, tables, around, policy, protection, note)
	if text := admission.AdminRulesUnread([]jit.VM{e.VM}, read); text != "" {
		e.Posture.Notes = append([]string{text}, e.Posture.Notes...)
	}
	if elsewhere != nil {
		e.Posture.Notes = append(e.Posture.Notes, elsewhere.Error())
	}
	for i, o := range e.Offers {
		for _, source := range []string{"Internet", "VirtualNetwork"} {
			v := reach.VerifyFlow(e.VM, tables, around, reach.Flow{Source: source, Ports: o.Port.Ports})
			e.Offers[i].Verdicts = append(e.Offers[i].Verdicts, SourceVerdict{source, v})
		}
	}
	return nil
}
