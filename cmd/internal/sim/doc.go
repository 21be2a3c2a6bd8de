// Package sim holds tests only: random lives. From one seed they draw a network,
// a configuration and what people do to both, let Azure fail and programs
// restart in between, and compare after each step who reaches what with a model
// that is written from the foreign rules, the protections and the open grants
// alone, beside a twin of the network that jitbot never touches.
//
// Other lives are hostile: Azure, other people, clocks, the store and the machine
// that jitbot runs on do their worst, and what is promised is held after each
// step, by the simulator's own evaluation of who gets in and by what was told.
//
// A failure shows its steps in the fewest that still fail; -rapid.seed takes
// them again, and -rapid.checks=500 looks for longer than the few seconds that a
// test may take.
package sim
