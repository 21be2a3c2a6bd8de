// Package enforce protects VMs as the configuration has it: those that it says to protect
// always, and those that were protected under a policy which has changed since. What
// cannot be protected is told once, and tried again later.
//
// The loop says which VMs there are, and when. It is tested in
// cmd/internal/e2e/protect.
package enforce
