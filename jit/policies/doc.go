// Package policies holds what the configuration says of who may ask for what, and who
// decides: policies, approval rules, what they match, and the bands of priorities. It is
// pure, and its zero values let nobody do anything.
//
// It is tested here, and by whole lives in cmd/internal/e2e.
package policies
