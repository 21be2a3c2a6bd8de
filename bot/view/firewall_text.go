package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/resource"
	"jitbot/jit/text"
)

// What firewalls on the way to a VM add to messages.

// usualChange is how long Azure takes to change a firewall, at the most on
// average: https://github.com/MicrosoftDocs/azure-docs/issues/64513
const usualChange = 5 * time.Minute

// guardNames are the guards of a grant that the choice takes, each once.
func guardNames(g jit.Grant, chosen func(guardpath.Path) bool) []string {
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
	return guardNames(g, func(p guardpath.Path) bool { return resource.IsFirewall(p.Guard) })
}

// slowChange says how far a change is that a firewall makes slow, and when it is
// to be expected.
func slowChange(g jit.Grant, since time.Time, done string) string {
	slow := guardNames(g, func(p guardpath.Path) bool { return resource.IsFirewall(p.Guard) && !p.Confirmed })
	if len(slow) == 0 || since.IsZero() {
		return ""
	}
	line := fmt.Sprintf("Azure is changing the %s, which takes minutes: expect it by %s.",
		strings.Join(slow, ", "), When(since.Add(usualChange)))
	if agreed := guardNames(g, func(p guardpath.Path) bool { return p.Confirmed }); len(agreed) > 0 {
		line = done + " " + strings.Join(agreed, ", ") + ". " + line
	}
	return line
}

// publicEndsText says on the card where the holder connects to, where firewalls
// translate; empty where none does.
func publicEndsText(g jit.Grant) string {
	ends := g.PublicEnds()
	if len(ends) == 0 {
		return ""
	}
	var out []string
	for i, d := range ends {
		if i == maxConnectEnds {
			out = append(out, fmt.Sprintf("%d more, see the rules of the firewall", len(ends)-i))
			break
		}
		out = append(out, Code(d.Public.String()))
	}
	return "Reached through the firewall at " + text.Join(out) + "."
}

// nobodyElse is what the rules of a grant keep: a security group that sees the
// firewall in place of the client cannot tell who comes by it.
func nobodyElse(g jit.Grant) string {
	if slices.ContainsFunc(g.Paths, func(p guardpath.Path) bool { return p.Kind == guardpath.BehindFirewall }) {
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
