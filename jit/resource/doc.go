// Package resource reads Azure resource ids: whether two mean the same thing,
// what is within what, what a thing is called, and which kind of guard an id
// names. A guard is whatever filters packets: a network security group, a
// firewall with rules of its own, or our rule collection group in a firewall
// policy.
//
// Azure writes one id in several cases, so ids are compared by Same and kept in
// maps in lower case, never with ==.
// https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
//
// It imports the standard library alone.
package resource
