// Package parse reads the words by which people and configurations name ports,
// durations and addresses, and the reasons that people give. What it refuses it refuses in one sentence that says what
// to write instead. It imports jit and jit/text.
package parse
