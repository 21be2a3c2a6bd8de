// Package jit holds the nouns of just-in-time network access and their
// transitions: the grant (one ask and its whole life), the event (a line of the record),
// and the few interfaces of the store that change them.
//
// Read in the order of the arrows, the packages below are the book of jitbot:
//
//	resource, ipset, clock, workqueue   ids, sets, time and work
//	text, schedule                      how things are written; what comes again
//	rbac                                which Azure actions are missing
//	jit                                 the nouns, and every transition
//	protection                          a VM whose ports are shut
//	policies                            who may ask for what, and who decides
//	inventory                           the VMs, and which of them a name means
//	route, rules                        what is on the way; the rules there and the plan
//	reach                               who gets through, and how a VM stands
//	admission                           may this be let in now
//	enforce                             VMs are protected as the configuration has it
//	closings, passes                    what is due, and what is kept, from one pass to the next
//	reconcile                           Azure is made to agree with the store
//	lookup                              what people can see
//	access                              what people can do
//	outbox                              what must be told is told
//	preflight                           what would be refused, before anybody asks
//	parse, digest, sweep                words; what is told on a schedule; closing without a store
//
// A transition is a method with values in and values out: it takes the grant as
// it is stored and gives the next one with the event that says so, or refuses.
// The store runs it inside one transaction, and may run it again; so it has no
// effects. No transition is written anywhere else.
//
// Whom an event is told to stands in one table, beside the list of its kinds.
//
// The domain imports the standard library alone; of the domain, this package
// sees ipset, resource, schedule and text. Sentences for people are Refusals; every other error
// is for the log.
//
// The life cycle is tested here against a model; whole lives in cmd/internal/e2e
// and cmd/internal/sim.
package jit
