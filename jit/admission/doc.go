// Package admission decides whether this person, this request, this protection
// is let in now: who somebody is in Slack and in Entra, whether they hold the
// Azure actions at the VM, what the policy offers, who approves, whether a
// management lock would keep a rule from being removed, and whether a rule would
// let somebody else in along.
//
// Each answer is read afresh, from ids and never from names, at the moment of
// use. A doubt is a no: a Checker that cannot read something refuses, and says
// what could not be read. The one list that is kept (jit/inventory) serves names
// and choices; nothing is opened by it.
//
// It imports jit, clock, inventory, rbac, reach, resource, route, rules, text and
// workqueue. It is tested with real Azure clients in cmd/internal/e2e (authority, managementlock,
// shared_rule, shared_address).
package admission
