// Package parse reads the words by which people and configurations name ports,
// durations and addresses, and the reasons that people give: durations in words and in
// the languages in which these mean nothing else, digits of full width. What it refuses
// it refuses in one sentence that says what to write instead. It imports jit and
// jit/text.
package parse
