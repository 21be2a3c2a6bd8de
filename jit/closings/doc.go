// Package closings remembers from one pass of the loop to the next what is due: the closings
// that are seen, those that are late and hold openings back, and the guards that
// are to be read. Closings go first: while one is late at a guard, or several in a
// subscription, nothing opens there.
//
// Nothing here reads or writes Azure or the store. It imports jit and resource.
package closings
