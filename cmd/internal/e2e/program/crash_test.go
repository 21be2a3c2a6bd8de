package program_test

import (
	"net/http"
	"strings"
	"testing"

	"jitbot/jit/azure/azuresim"
)

// TestProgramKilled kills the program with kill -9 at the worst moments and
// starts it again on the same store: in the end no rule is left and everything
// was told.
func TestProgramKilled(t *testing.T) {
	for _, tt := range []struct {
		name   string
		method string // of the request at which it dies; none: while it is open
		effect bool   // Azure has served the request
	}{
		{"a write was received", http.MethodPut, false},
		{"a write was served", http.MethodPut, true},
		{"open", "", false},
		{"a removal was received", http.MethodDelete, false},
		{"a removal was served", http.MethodDelete, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			before := s.foreign()
			p := s.start("run")
			id := s.request("3s")
			dead := make(chan struct{})
			spring := func() {
				p.kill()
				close(dead)
			}
			if tt.method != "" {
				s.setTrap(&trap{tt.method, tt.effect, spring})
			}
			s.approve()
			if tt.method == "" {
				s.awaitTold("is open until")
				spring()
			}
			select {
			case <-dead:
			case <-s.ctx.Done():
				t.Fatal("the request that kills never came")
			}
			p = s.start("run")
			s.awaitClosed()
			p.stop()
			if rules := s.rules(); len(rules) > 0 {
				t.Errorf("left are %q", rules)
			}
			if after := s.foreign(); after != before {
				t.Errorf("other people's rules were\n%s\nand are\n%s", before, after)
			}
			s.settled(id)
		})
	}
}

// TestProgramSweep: the program dies and never comes back; jitbot sweep, with
// an identity that can open nothing, no Slack token and no store, closes what
// it left open, once its time is up.
func TestProgramSweep(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const sweeper, principal = "5eeeeeee-0000-4000-8000-00000000c11e", "5eeeeeee-0000-4000-8000-0000000000b1"
	s.azure.AddApp(azuresim.App{ClientID: sweeper, Secret: "sweeper-secret", PrincipalID: principal})
	before := s.foreign()
	p := s.start("run")
	id := s.request("2s")
	s.approve()
	s.awaitTold("is open until")
	p.kill()
	s.grantRole(principal, "--sweep")
	s.azure.Configure(func(c *azuresim.Settings) { c.Throttle = false }) // the test sweeps without a pause
	s.env = append(s.env, "SLACK_BOT_TOKEN=", "SLACK_APP_TOKEN=", "AZURE_CLIENT_ID="+sweeper, "AZURE_CLIENT_SECRET=sweeper-secret")
	broken := s.rules()[0]
	for len(s.rules()) > 0 && s.ctx.Err() == nil { // as cron does, only more often
		out, errs, code := s.verb("sweep")
		if code != 0 || errs != "" || strings.Count(out, string(id)) != 4 || !strings.Contains(out, "2 rules of prod:") {
			t.Fatalf("exit %d\n%s%s", code, out, errs)
		}
	}
	if len(s.rules()) > 0 {
		t.Fatal("the sweep did not close in time")
	}
	if out, errs, code := s.verb("sweep"); code != 0 || !strings.HasPrefix(out, "0 rules of prod") {
		t.Errorf("a sweep with nothing to do: exit %d\n%s%s", code, out, errs)
	}
	if after := s.foreign(); after != before {
		t.Errorf("other people's rules were\n%s\nand are\n%s", before, after)
	}
	s.unreadable(broken)
}

// TestProgramSweepWatch: as a service the sweep goes on, closes what falls due meanwhile,
// and says so in its metrics; a pass that Azure refuses ends nothing.
func TestProgramSweepWatch(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	before := s.foreign()
	p := s.start("run")
	id := s.request("2s")
	s.approve()
	s.awaitTold("is open until")
	p.kill()
	fault := s.azure.AddFault(azuresim.Forbidden().On(http.MethodGet, "networkSecurityGroups"))
	w := s.start("sweep", "--watch", "10s", "--listen", "127.0.0.1:0")
	address := w.address()
	s.awaitAzure("a pass that is refused", func() bool { return fault.Hits() > 0 })
	if body, code := get(t, address+"/healthz"); code != http.StatusOK {
		t.Errorf("/healthz: %d %s", code, body)
	}
	fault.Remove()
	s.awaitAzure("no rule of ours", func() bool { return len(s.rules()) == 0 })
	for body := ""; !strings.Contains(body, "jitbot_sweep_removed_total 2"); { // the pass ends after its last removal
		body, _ = get(t, address+"/metrics")
		if s.ctx.Err() != nil {
			t.Fatalf("the metrics say %s", body)
		}
	}
	measured(t, address, `jitbot_sweep_passes_total\{result="failed"\} 1`, `jitbot_sweep_passes_total\{result="ok"\} [1-9]`, `jitbot_sweep_overdue 0`,
		`jitbot_sweep_last_pass_timestamp_seconds [1-9]`)
	if out := w.stop(); strings.Count(out, "removed") != 2 || !strings.Contains(out, string(id)) {
		t.Errorf("it printed %q", out)
	}
	if after := s.foreign(); after != before {
		t.Errorf("other people's rules were\n%s\nand are\n%s", before, after)
	}
}

// unreadable has the sweep meet a rule of ours whose description was edited.
func (s *site) unreadable(rule string) {
	s.t.Helper()
	guard, name, _ := strings.Cut(rule, "/securityRules/")
	err := s.azure.PutRule(guard, azuresim.Rule{
		Name: name, Description: "mine now", Protocol: "Tcp", SourcePortRange: "*", DestinationPortRange: "22",
		SourceAddressPrefix: "203.0.113.7", DestinationAddressPrefix: "10.10.1.4", Access: "Allow", Priority: 120, Direction: "Inbound",
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if out, errs, code := s.verb("sweep"); code != 1 || !strings.Contains(out, "unreadable") || !strings.Contains(errs, "--unreadable") {
		s.t.Errorf("an unreadable rule: exit %d\n%s%s", code, out, errs)
	}
	if out, errs, code := s.verb("sweep", "--unreadable"); code != 0 || !strings.Contains(out, "removed") || len(s.rules()) > 0 {
		s.t.Errorf("an unreadable rule to be removed: exit %d\n%s%s", code, out, errs)
	}
}
