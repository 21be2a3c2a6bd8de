// Package ipset holds sets: of addresses, of ports, and of packets, which are
// both together with protocols. What a security rule matches is such a set, so
// whether a rule shadows another, or who gets through a table, is a question of
// union, intersection and difference, and not of comparing texts.
//
// Sets are values: no method changes its receiver, and two equal sets are
// written in one way. IPv4 and IPv6 are never mixed.
//
// It imports the standard library alone.
package ipset
