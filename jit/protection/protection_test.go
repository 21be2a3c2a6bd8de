package protection_test

import (
	"slices"
	"strings"
	"testing"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/jit/jittest"
	"jitbot/jit/protection"
)

// A protection that was ending goes on with the denies that it had.
func TestStayShut(t *testing.T) {
	p := protection.Protection{VM: "/vm", State: protection.Protected, Paths: []guardpath.Path{{VM: "/vm", Guard: "/a"}}}
	if next, events := p.StayShut(jittest.Start); events != nil || next.State != protection.Protected {
		t.Errorf("one that stands becomes %s", next.State)
	}
	ending, _ := p.End(jit.Person{ID: "U1"}, "no need", jittest.Start)
	next, _ := ending.StayShut(jittest.Start)
	if next.State != protection.Protecting || next.Reason != "" || !guardpath.Same(next.Paths, p.Paths) || len(next.Left) != 0 || next.Revision <= ending.Revision {
		t.Errorf("it goes on as %+v", next)
	}
}

func TestTroubleOfAProtectionIsKeptOnce(t *testing.T) {
	p := protection.Protection{VM: "/vm", Name: "vm-1", Revision: 1, State: protection.Protected, Paths: []guardpath.Path{{Guard: "/a"}, {Guard: "/b"}}}
	next, told := p.Trouble("/A", "", "a lock", false, jittest.Start)
	if next.Revision != 2 || next.Paths[0].Fault != "a lock" || next.Paths[1].Fault != "" || p.Paths[0].Fault != "" || told != nil {
		t.Errorf("%+v, %v", next, told)
	}
	if again, _ := next.Trouble("/a", "", "a lock", false, jittest.Start); again.Revision != 2 {
		t.Errorf("said again: revision %d", again.Revision)
	}
	for _, exposed := range []bool{false, true} {
		next, told = p.Trouble("/a", "r", "a lock", exposed, jittest.Start)
		_, again := next.Trouble("/a", "r", "a lock", exposed, jittest.Start)
		const want = "the rule r of a, which is to keep vm-1 shut, is not as it should be and cannot be written: a lock"
		if len(told) != 1 || len(again) > 0 || !strings.Contains(told[0].Text, want) || (told[0].Kind == jit.EventExposed) != exposed {
			t.Errorf("exposed %t: told %+v, then %+v", exposed, told, again)
		}
	}
	next, told = p.Drifted("r", "n", jittest.Start)
	if next.Revision != 2 || len(told) != 1 || !slices.Equal(told[0].Tell(), []jit.Audience{jit.ToChannel}) ||
		told[0].Text != "Somebody removed or changed the rule r of n, which keeps vm-1 shut; it was put back." {
		t.Errorf("revision %d, %+v", next.Revision, told)
	}
}
