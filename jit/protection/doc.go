// Package protection holds the protection, a VM whose ports are shut, its transitions
// and the store's interface that changes it. A transition is a method with values in and
// values out, as those of the grant are, and gives the events that say so.
//
// It imports jit and resource. It is tested here, and over a store and Azure in
// cmd/internal/e2e/protect.
package protection
