// Package parse reads the words by which people and configurations name ports,
// durations and addresses. What it refuses it refuses in one sentence that says what
// to write instead. It imports jit.
package parse
