// Package passes is what the loop keeps in memory from one pass to the next, beside what
// is due (closings): which firewalls are being changed, what was read in force, which VMs
// cannot be protected, what happened to many, and when Slack may be served. Nothing of it
// outlives the process, and nothing is believed of it after a start.
//
// Nothing here reads or writes Azure or the store. It imports jit and resource.
package passes
