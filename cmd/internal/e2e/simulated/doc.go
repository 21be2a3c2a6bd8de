// Package simulated is for tests only: a World is the whole service over a real
// store, the real Azure clients and the simulated subscription, and what tests
// of whole lives ask it.
//
// A World believes nothing: each claim of "open", "closed" and "protected" that
// the service makes is checked against the simulator when it is made, and
// CheckPromises holds what must be true after every life.
//
// It may import whatever the programs do, the simulators and testing; a test
// holds that only tests import it.
package simulated
