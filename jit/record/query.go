package record

import (
	"context"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/resource"
)

// Query is which lines are looked for. What is left zero is not asked about.
type Query struct {
	Grant jit.ID
	VM    string     // resource id
	User  jit.UserID // whoever acted, or whom it was about
	Since time.Time
	Until time.Time // not itself

	Before uint64 // only lines with a smaller number: where the next page begins; 0: from the newest
	Limit  int    // lines a page
}

// History finds lines of the record, newest first.
type History interface {
	// Find gives a page of the lines, newest first. next is the Before of the next
	// page, 0 after the last. Lines of one grant, VM or user are found without
	// reading those of others.
	Find(ctx context.Context, q Query) (page []jit.Event, next uint64, err error)
}

// Matches reports whether the line is looked for; pages are not its matter.
func (q Query) Matches(e jit.Event) bool {
	switch {
	case q.Grant != "" && e.Grant != q.Grant,
		q.User != "" && !q.about(e.Actor) && !q.about(e.Subject),
		q.VM != "" && !q.names(e.VMs),
		!q.Since.IsZero() && e.At.Before(q.Since),
		!q.Until.IsZero() && !e.At.Before(q.Until):
		return false
	default:
		return true
	}
}

// about compares with a person's id and Entra user name.
func (q Query) about(p jit.Person) bool {
	return p.ID == q.User || p.Name != "" && strings.EqualFold(p.Name, string(q.User))
}

// names compares with resource ids, or with their names where the query has no more.
func (q Query) names(vms []string) bool {
	for _, vm := range vms {
		if resource.Same(vm, q.VM) || !strings.Contains(q.VM, "/") && strings.EqualFold(resource.Name(vm), q.VM) {
			return true
		}
	}
	return false
}
