// Package memory is what one run of jitbot remembers between the passes of its loop
// and stores nowhere: what it has read in force, what the start waits for, and what
// is to be told together. The store and Azure are where a run begins, so what is here
// only ever makes it do less.
package memory
