// Package text writes what people read: durations, numbers of things and lists as a
// sentence has them, and what people typed without what could deceive a reader.
//
// It imports the standard library alone. What a screen escapes is its own matter.
package text
