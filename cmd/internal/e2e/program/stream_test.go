package program_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

// streamed are the lines of a stream, and how often it says that it repeats.
func streamed(t *testing.T, text string) (events []jit.Event, repeats int) {
	t.Helper()
	for line := range strings.Lines(text) {
		var e struct {
			jit.Event
			Repeats *struct{ From, To uint64 }
		}
		if strings.TrimSpace(line) == "" {
			continue
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			continue // half a line, as a kill leaves it
		}
		if e.Repeats != nil {
			repeats++
			continue
		}
		events = append(events, e.Event)
	}
	return events, repeats
}

// A stream loses nothing over kills, and says where it may repeat; in the record is
// what Azure was asked for and answered, as its activity log has it.
func TestStreamOfTheProgram(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	good, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "record.jsonl")
	s.write(s.file, string(good)+"record: {stream: "+file+"}\n")
	p := s.start("run")
	id := s.request("1h")
	s.approve()
	s.awaitTold("is open until")
	p.kill()
	s.write(s.file, string(good)+"record: {stream: stdout}\n")
	p = s.start("run")
	p.address()
	s.want(0, "is closed", "revoke", string(id))
	s.awaitTold("is closed")
	out := p.stop()

	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	events, repeats := streamed(t, string(text)+"\n"+out)
	seen := map[uint64]bool{}
	for i, e := range events {
		if i > 0 && e.Seq > events[i-1].Seq+1 || e.Seq <= events[max(0, i-1)].Seq && i > 0 && repeats == 0 {
			t.Errorf("line %d comes after line %d, with %d repeats", e.Seq, events[i-1].Seq, repeats)
		}
		seen[e.Seq] = true
	}
	exported, _, _ := s.verb("audit", "export")
	all, _ := streamed(t, exported)
	wrote := map[string]int{}
	for _, e := range all[:len(all)-1] { // the last is that of the export itself
		if !seen[e.Seq] {
			t.Errorf("line %d is not in the stream", e.Seq)
		}
		if e.Kind == jit.EventWrote {
			wrote[e.Write.Method]++
			if e.Grant != id || e.Write.Request == "" || e.Write.Correlation == "" || e.Write.Code < 200 || e.Write.Code > 204 {
				t.Errorf("asked of Azure: %+v", e)
			}
		}
	}
	if wrote["PUT"] < 2 || wrote["DELETE"] < 2 {
		t.Errorf("asked of Azure: %v", wrote)
	}
	s.compareActivity(all)
}

// compareActivity compares the record with a log of the same, and with one that has a
// change more.
func (s *site) compareActivity(all []jit.Event) {
	s.t.Helper()
	var log []map[string]any
	entry := func(at time.Time, w jit.Write) {
		log = append(log, map[string]any{
			"eventTimestamp": at, "resourceId": w.Resource, "correlationId": w.Correlation, "caller": "somebody",
			"operationName": map[string]string{"value": "Microsoft.Network/networkSecurityGroups/securityRules/write"},
		})
	}
	for _, e := range all {
		if e.Kind == jit.EventWrote {
			entry(e.At, e.Write)
		}
	}
	file := filepath.Join(s.t.TempDir(), "activity.json")
	save := func() {
		raw, err := json.Marshal(log)
		if err != nil {
			s.t.Fatal(err)
		}
		s.write(file, string(raw))
	}
	save()
	s.want(0, "are consistent", "audit", "verify", "--activity-log", file)
	entry(time.Now(), jit.Write{Resource: azuresim.DemoWebNICNSG + "/securityRules/jitbot-prod-g-22222-web-1-ada1d042-tcp", Correlation: "forged"})
	save()
	s.want(1, "(forged) is in the activity log and not in the record", "audit", "verify", "--activity-log", file)
	s.want(2, "is no export of the activity log", "audit", "verify", "--activity-log", s.file)
}
