package resource

import (
	"slices"
	"strings"
)

// Within reports whether the resource is at or below the scope. A management
// group's members are known to Azure only, which listed it because it reaches.
func Within(id, scope string) bool {
	scope, id = strings.ToLower(strings.TrimRight(scope, "/")), strings.ToLower(id)
	return scope == "" || strings.HasPrefix(scope, "/providers/microsoft.management/managementgroups/") ||
		id == scope || strings.HasPrefix(id, scope+"/")
}

// Subscription is the GUID of the subscription that a resource is in, in lower
// case; empty when it is in none.
func Subscription(id string) string {
	rest, ok := strings.CutPrefix(strings.ToLower(id), "/subscriptions/")
	if !ok {
		return ""
	}
	guid, _, _ := strings.Cut(rest, "/")
	return guid
}

// SubscriptionsOf are the subscriptions that the resources are in, each once,
// sorted.
func SubscriptionsOf(ids []string) []string {
	var out []string
	for _, id := range ids {
		out = append(out, Subscription(id))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// GuardKind is what kind of resource a guard is.
type GuardKind int

// The kinds of guards.
const (
	SecurityGroup   GuardKind = iota // a network security group
	ClassicFirewall                  // an Azure Firewall with rules of its own
	PolicyGroup                      // a rule collection group of a firewall policy
)

// KindOf tells by the resource id what a guard is.
func KindOf(guard string) GuardKind {
	guard = strings.ToLower(guard)
	switch {
	case strings.Contains(guard, "/providers/microsoft.network/azurefirewalls/"):
		return ClassicFirewall
	case strings.Contains(guard, "/providers/microsoft.network/firewallpolicies/"):
		return PolicyGroup
	default:
		return SecurityGroup
	}
}

// IsFirewall reports whether a change of the guard changes a firewall, which
// takes Azure minutes.
func IsFirewall(guard string) bool { return KindOf(guard) != SecurityGroup }

// GuardName is how people call the guard: the name of the group or of the
// firewall; of a policy's, the policy's.
func GuardName(guard string) string {
	if i := strings.Index(strings.ToLower(guard), "/rulecollectiongroups/"); i >= 0 {
		guard = guard[:i]
	}
	return Name(guard)
}

// Noun is what the guard is called in a sentence before its name.
func (k GuardKind) Noun() string {
	switch k {
	case ClassicFirewall:
		return "firewall"
	case PolicyGroup:
		return "firewall policy"
	default:
		return "network security group"
	}
}

// Same compares Azure resource ids, whose case varies.
func Same(a, b string) bool { return strings.EqualFold(a, b) }

// Group is the name of the resource group that the resource is in; empty when its id
// names none.
func Group(id string) string {
	parts := strings.Split(id, "/")
	if len(parts) > 4 && strings.EqualFold(parts[3], "resourceGroups") {
		return parts[4]
	}
	return ""
}

// Name is the last part of a resource id, as people call what it means.
func Name(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }
