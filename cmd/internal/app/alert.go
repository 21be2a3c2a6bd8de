package app

import (
	"context"
	"strconv"

	"jitbot/cmd/internal/alert"
	"jitbot/jit/admission"
	"jitbot/jit/rules"
)

// webhook is what tells the operator's server of what is stuck; nil when there is none.
func (p *program) webhook() *alert.Webhook {
	if p.Config.Webhook == "" {
		return nil
	}
	return &alert.Webhook{
		URL: p.Config.Webhook, Secret: p.Tokens.Webhook, Installation: p.Config.Jit.Installation, HTTP: p.HTTP, Log: p.Log,
		Look: p.troubles, Observe: func(code int) { p.meters.alerts.WithLabelValues(strconv.Itoa(code)).Inc() },
	}
}

// troubles is what is stuck, with how it is closed by hand.
func (p *program) troubles(ctx context.Context) []alert.Trouble {
	var out []alert.Trouble
	for _, s := range p.reconciler.Stuck(ctx) {
		out = append(out, p.trouble(ctx, s))
	}
	return out
}

func (p *program) trouble(ctx context.Context, s admission.Stuck) alert.Trouble {
	t := alert.Trouble{Grant: string(s.Grant), Since: s.Since.UTC(), Fault: s.Fault}
	if s.Rule != "" {
		t.Commands = append(t.Commands, removal(s.Guard, p.Config.Jit.Installation, rules.Rule{Name: s.Rule}))
	}
	g, err := p.store.Grant(ctx, s.Grant)
	if err != nil {
		return t
	}
	t.VMs, t.Holder, t.Deadline = g.VMs(), string(g.Request.By.ID), g.Clock.Due.UTC()
	for _, port := range g.Request.Ports {
		t.Ports = append(t.Ports, port.String())
	}
	if s.Rule == "" {
		t.Commands = removals(g, p.Config.Jit.Installation)
	}
	return t
}
