// Package program holds tests only: the built jitbot, as a process of its own,
// over real sockets to both simulators. It is killed at the worst moments,
// started again, asked for its health, and each verb is run as an operator
// would. How much memory it takes is measured here as well.
package program
