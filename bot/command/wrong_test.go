package command_test

import (
	"testing"

	"jitbot/bot/command"
)

// Of a request that is refused what could be read is kept, and what is wrong first is
// named: the form begins so.
func TestWhatCouldBeReadOfAWrongLine(t *testing.T) {
	for line, want := range map[string]struct {
		read  string
		wrong command.Part
	}{
		"request web-1 5m3h from 203.0.113.7 ssh for x":       {"request; web-1; port 22/tcp; from 203.0.113.7/32; because x", command.PartDuration},
		"request web-1 ssh 2h from nowhere for x":             {"request; web-1; port 22/tcp; for 2h; because x", command.PartSource},
		"request web-1 70000 2h for x":                        {"request; web-1; for 2h; because x", command.PartPorts},
		"request web-1 22 2h 80 for x":                        {"request; web-1; port 22; for 2h; because x", command.PartPorts},
		"request a/b/c,web-2 22 2h for x":                     {"request; web-2; port 22; for 2h; because x", command.PartVMs},
		"request 22 2h for x":                                 {"request; port 22; for 2h; because x", command.PartVMs},
		"request web-1 ssh 1h because the deploy is stuck":    {"request; web-1; port 22/tcp; for 1h; because because the deploy is stuck", command.PartReason},
		"request web-1 please ssh 1h for x":                   {"request; web-1; port 22/tcp; for 1h; because x", ""},
		"request web-1 ssh until 17:00 for x":                 {"request; web-1; port 22/tcp; because x", command.PartDuration},
		"request web-1 ssh for three hours straight of work":  {"request; web-1; port 22/tcp; for 3h", ""},
		"request web-1 ssh for work of 3 hours":               {"request; web-1; port 22/tcp; because work of 3 hours", command.PartDuration},
		"request web-1 ssh 1h for work from 203.0.113.7":      {"request; web-1; port 22/tcp; for 1h; because work from 203.0.113.7", command.PartSource},
		"request web-1 ssh 1h 203.0.113.7 for x":              {"request; web-1; port 22/tcp; for 1h; from 203.0.113.7/32; because x", command.PartSource},
		"rg/web-1 please ssh":                                 {"request; rg/web-1; port 22/tcp", ""},
		"request web-1 ssh 1h from 10.0.0.1 from me for work": {"request; web-1; port 22/tcp; for 1h; from 10.0.0.1/32; because work", command.PartSource},
	} {
		c, err := command.Parse(line)
		if err == nil {
			t.Errorf("%s: is taken", line)
		}
		if got := said(c); got != want.read || c.Wrong != want.wrong || c.Unknown != "" {
			t.Errorf("%s:\n got %s, wrong %q, unknown %q\nwant %s, wrong %q", line, got, c.Wrong, c.Unknown, want.read, want.wrong)
		}
	}
}
