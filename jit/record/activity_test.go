package record_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/record"
)

const group = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/web/securityRules/"

// entry is one of the activity log.
func entry(at time.Time, rule, correlation, request, method, operation string) map[string]any {
	e := map[string]any{
		"eventTimestamp": at, "caller": "app", "resourceId": strings.ToUpper(group) + rule, "correlationId": correlation,
		"operationName": map[string]string{"value": "Microsoft.Network/networkSecurityGroups/securityRules/" + operation, "localizedValue": "…"},
		"status":        map[string]string{"value": "Succeeded"},
	}
	if request != "" {
		e["httpRequest"] = map[string]string{"clientRequestId": request, "method": method}
	}
	return e
}

// The activity log and the record are compared both ways.
func TestActivityLogIsAWitness(t *testing.T) {
	at := func(minutes int) time.Time { return time.Date(2026, 11, 1, 0, minutes, 0, 0, time.UTC) }
	w := record.Witness{Ours: func(name string) bool { return strings.HasPrefix(name, "jitbot-prod-") }}
	for i, one := range []jit.Write{
		{Method: "PUT", Resource: group + "jitbot-prod-a", Request: "r1", Correlation: "c1", Code: 201},
		{Method: "DELETE", Resource: group + "jitbot-prod-a", Request: "r1", Correlation: "c2", Code: 202},
		{Method: "PUT", Resource: group + "jitbot-prod-b", Request: "r2", Code: 0},                      // its answer was lost
		{Method: "PUT", Resource: group + "jitbot-prod-d", Request: "r3", Correlation: "c4", Code: 403}, // refused: the log may lack it
		{Method: "PUT", Resource: group + "jitbot-prod-e", Request: "r4", Correlation: "c5", Code: 201}, // forged
		{Method: "PUT", Resource: group + "jitbot-prod-f", Request: "r5", Correlation: "c6", Code: 201}, // too near the end
	} {
		minute := 60 + i
		if i == 5 {
			minute = 115
		}
		w.Note(jit.Event{Seq: uint64(i + 1), At: at(minute), Kind: jit.EventWrote, Write: one})
	}
	w.Note(jit.Event{Seq: 7, Kind: jit.EventOpened})
	raw, err := json.Marshal([]any{
		entry(at(0), "somebodys", "c0", "", "", "write"),
		entry(at(60), "jitbot-prod-a", "C1", "r1", "PUT", "write"),
		entry(at(60), "jitbot-prod-a", "C1", "", "", "write"),
		entry(at(61), "jitbot-prod-a", "c2", "", "", "delete"),
		entry(at(62), "jitbot-prod-b", "c9", "r2", "PUT", "write"),
		entry(at(70), "jitbot-prod-a", "c7", "", "", "write"), // somebody else wrote a rule of our name
		entry(at(70), "jitbot-prod-a", "c7", "", "", "write"),
		entry(at(71), "jitbot-prod-a", "c8", "r1", "PUT", "read"),
		entry(at(120), "somebodys", "c0", "", "", "write"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := record.Activities(strings.NewReader(string(raw)), w.See); err != nil {
		t.Fatal(err)
	}
	found := w.Found()
	if len(found) != 2 || !strings.Contains(found[0], "line 5, PUT of") || !strings.Contains(found[1], "(c7) is in the activity log and not in the record") {
		t.Errorf("found %q", found)
	}
	for _, bad := range []string{"", "{}", `{"value":[]}`} {
		if err := record.Activities(strings.NewReader(bad), w.See); !errors.Is(err, jit.ErrInput) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
