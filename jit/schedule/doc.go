// Package schedule says when something comes again: each day or each week at a time of
// the day. All of it is in UTC, which has no summer time, so that no time of it comes
// twice or not at all.
//
// It imports the standard library alone.
package schedule
