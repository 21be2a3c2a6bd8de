// Package firewall holds tests only: whole lives of grants behind Azure firewalls,
// classic ones and policies, and what others and faults do to their rules, in the
// world of package simulated.
package firewall
