package page_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/cmd/jitdemo/page"
)

// stream reads events until one of a kind satisfies want.
func stream(t *testing.T, r *rig, as string) func(kind string, want func(data string) bool) {
	t.Helper()
	resp, err := http.DefaultClient.Do(httpGet(t, r, r.srv.URL+"/events?as="+as))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 4<<20)
	return func(kind string, want func(string) bool) {
		t.Helper()
		last, at := "", ""
		for lines.Scan() {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				at = name
			}
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && at == kind {
				if last = data; want(data) {
					return
				}
			}
		}
		t.Fatalf("the stream ended (%v); the last %s was %.2000s", lines.Err(), kind, last)
	}
}

func TestStreamShowsOnesOwn(t *testing.T) {
	r := newRig(t, nil)
	r.runScript(t)
	ada, gus := stream(t, r, slacksim.DemoEngineerID), stream(t, r, slacksim.DemoGuestID)
	r.post(t, "slash", `{"as":"U0ADA","channel":"C0APPROVALS","text":"/jit request web-1 for a look"}`, nil)
	ada("slack", func(data string) bool {
		return strings.Contains(data, `"ephemeral":true`) && strings.Contains(data, "Access g-7k2qd: waiting")
	})
	gus("slack", func(data string) bool {
		if strings.Contains(data, "7k2qd") {
			t.Error("the guest reads the approvers' channel")
		}
		return true
	})
	r.open(t)
	ada("world", func(data string) bool {
		var w struct {
			Guards []struct {
				Name  string
				Rules []struct {
					Name          string
					Ours, Default bool
				}
			}
			Grants []struct{ ID, VMs, Source string }
			Reach  []struct {
				VM    string
				Cells [][]struct{ Open bool }
			}
		}
		if err := json.Unmarshal([]byte(data), &w); err != nil {
			t.Fatal(err)
		}
		if len(w.Grants) != 1 || w.Grants[0].Source != "203.0.113.7" {
			return false
		}
		first, open := w.Guards[len(w.Guards)-1].Rules[0], false
		for _, vm := range w.Reach {
			open = open || vm.VM == "web-1" && vm.Cells[0][0].Open
		}
		return first.Ours && first.Name == ourRule && open
	})
}

func TestMessagesKeepTheirDemoTime(t *testing.T) {
	r := newRig(t, nil)
	see := stream(t, r, slacksim.DemoEngineerID)
	// at waits until all texts are there, and says when they were written.
	at := func(texts ...string) []time.Time {
		var found []time.Time
		see("slack", func(data string) bool {
			var s struct {
				Messages map[string][]struct {
					Text string
					At   int64
				}
			}
			if err := json.Unmarshal([]byte(data), &s); err != nil {
				t.Fatal(err)
			}
			found = nil
			for _, m := range s.Messages[slacksim.DemoGeneralID] {
				if slices.Contains(texts, m.Text) {
					found = append(found, time.UnixMilli(m.At))
				}
			}
			return len(found) == len(texts)
		})
		return found
	}
	say := func(text string) {
		r.post(t, "say", `{"as":"U0ADA","channel":"C0GENERAL","text":"`+text+`"}`, nil)
	}
	say("before")
	first := at("before")[0]
	r.post(t, "skip", `{"seconds":3600}`, nil)
	say("after")
	both := at("before", "after")
	if d := both[1].Sub(both[0]); d < time.Hour || d > time.Hour+time.Minute {
		t.Errorf("an hour later by the demo's clock is %v later", d)
	}
	if !both[0].Equal(first) {
		t.Errorf("an old message moved from %v to %v", first, both[0])
	}
}

func TestStreamOfNobody(t *testing.T) {
	r := newRig(t, func(o *page.Options) { o.Skip, o.Kill, o.Start, o.Grants, o.Running = nil, nil, nil, nil, nil })
	resp, err := http.DefaultClient.Do(httpGet(t, r, r.srv.URL+"/events?as=U0NOBODY"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("status %d, want 404", resp.StatusCode)
	}
	for _, name := range []string{"skip", "deadline", "kill", "start"} {
		if _, text := r.post(t, name, `{"seconds":60}`, nil); !strings.Contains(text, "cannot do that") {
			t.Errorf("%s without its function: %s", name, text)
		}
	}
}
