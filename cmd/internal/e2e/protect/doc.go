// Package protect holds tests only: whole lives of protections, what keeps them, what
// others and faults do to their denies, and how a scan tells of them, in the world of
// package simulated.
package protect
