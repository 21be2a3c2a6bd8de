package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/resource"
)

// What firewalls on the way to a VM add to messages.

// usualChange is how long Azure takes to change a firewall, at the most on
// average: https://github.com/MicrosoftDocs/azure-docs/issues/64513
const usualChange = 5 * time.Minute

// guardNames are the guards of a grant that the choice takes, each once.
func guardNames(g jit.Grant, chosen func(jit.Path) bool) []string {
	var out []string
	for _, p := range g.Paths {
		name := Code(resource.GuardName(p.Guard))
		if resource.IsFirewall(p.Guard) {
			name = resource.KindOf(p.Guard).Noun() + " " + name
		}
		if chosen(p) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func firewallsOf(g jit.Grant) []string {
	return guardNames(g, func(p jit.Path) bool { return resource.IsFirewall(p.Guard) })
}

// slowChange says how far a change is that a firewall makes slow, and when it is
// to be expected.
func slowChange(g jit.Grant, since time.Time, done string) []string {
	slow := guardNames(g, func(p jit.Path) bool { return resource.IsFirewall(p.Guard) && !p.Confirmed })
	if len(slow) == 0 || since.IsZero() {
		return nil
	}
	line := fmt.Sprintf("Azure is changing the %s, which mostly takes it three to five minutes: expect it by %s.",
		strings.Join(slow, ", "), When(since.Add(usualChange)))
	if agreed := guardNames(g, func(p jit.Path) bool { return p.Confirmed }); len(agreed) > 0 {
		line = done + " " + strings.Join(agreed, ", ") + ". " + line
	}
	return []string{line}
}

const maxPublicEnds = 10 // that are named one by one

// publicEndsText says where the holder connects to, where firewalls translate;
// empty where none does.
func publicEndsText(g jit.Grant) string {
	var out []string
	ends := g.PublicEnds()
	for _, d := range ends[:min(len(ends), maxPublicEnds)] {
		port := portName(jit.Ports{From: d.To.Port(), To: d.To.Port(), Protocol: d.Protocol})
		out = append(out, fmt.Sprintf("%s port %d for port %s of %s",
			Code(d.Public.Addr().String()), d.Public.Port(), port, Code(resource.Name(d.VM))))
	}
	if len(out) == 0 {
		return ""
	}
	if more := len(ends) - maxPublicEnds; more > 0 {
		out = append(out, fmt.Sprintf("and %d more, see the rules of the firewall", more))
	}
	return "It is behind a firewall: connect to " + strings.Join(out, "; ") + "."
}

// nobodyElse is what the rules of a grant keep: a security group that sees the
// firewall in place of the client cannot tell who comes by it.
func nobodyElse(g jit.Grant) string {
	if slices.ContainsFunc(g.Paths, func(p jit.Path) bool { return p.Kind == jit.BehindFirewall }) {
		return "its rules at the firewall let in nobody else"
	}
	return "the rule lets in nobody else"
}

func afterSpace(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}
