// Package decide holds tests only: how requests are asked, checked, decided, narrowed and
// extended, by whom and by whom not, in every state, in the world of package simulated.
package decide
