package outbox

import (
	"maps"
	"slices"

	"jitbot/jit"
)

// planPeople tells each person by themselves, while what they are told of still waits for
// them.
func planPeople(f *file) []task {
	var out []task
	for _, kind := range slices.Sorted(maps.Keys(f.notices)) {
		all := f.notices[kind]
		to, is := jit.Audience(kind).Person()
		if !is || len(all) == 0 || f.busy[kind] {
			continue
		}
		t := task{
			Message: Message{Channel: string(to), Grants: []jit.Grant{f.grant}}, told: seqsOf(all), holds: kind, again: f.again(kind),
		}
		if f.grant.State == jit.Pending {
			t.Kind, t.Events = KindPerson, eventsOf(all)[len(all)-1:]
			t.rank, t.since, t.lanes = rankNew, all[0].at, lanes(post, t.Channel)
		}
		out = append(out, t)
	}
	return out
}
