package azure_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

// world is the seeded simulator with a Client on it that signs in with the
// bot's secret and has only the rights that the bot needs.
type world struct {
	*azuresim.Sim
	*azure.Client
	mu    sync.Mutex
	codes map[int]int // of Observe
}

const home = "https://azure.test"

// endpoints is the custom cloud that the simulator answers for.
func endpoints() azure.Custom {
	return azure.Custom{
		AuthorityHost:   home,
		ResourceManager: azure.Endpoint{Endpoint: home, Audience: azuresim.DefaultAudience},
		Graph:           azure.Endpoint{Endpoint: home, Audience: azuresim.DefaultGraph},
	}
}

func signIn(t *testing.T, secret string) {
	t.Helper()
	t.Setenv("AZURE_TENANT_ID", azuresim.DefaultTenantID)
	t.Setenv("AZURE_CLIENT_ID", azuresim.DefaultClientID)
	t.Setenv("AZURE_CLIENT_SECRET", secret)
}

func newWorld(t *testing.T, change ...func(*azure.Config)) *world {
	t.Helper()
	sim := azuresim.New(azuresim.Options{})
	azuresim.SeedDemo(sim)
	sim.Configure(func(s *azuresim.Settings) { s.EnforceRBAC = true })
	w := &world{Sim: sim, codes: map[int]int{}}
	cfg := azure.Config{
		Subscriptions: []string{azuresim.DemoSubscription},
		Cloud:         azure.CustomCloud, Custom: endpoints(),
		Transport: azuresim.Transport{Handler: sim},
		Observe: func(_ string, code int) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.codes[code]++
		},
	}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	if w.Client, err = azure.New(cfg); err != nil {
		t.Fatal(err)
	}
	return w
}

const (
	allowName = "jitbot-test-g-7k2qd-web-1"
	denyName  = "jitbot-test-deny-ssh"
)

func allowRule() rules.Rule {
	return rules.Rule{
		Name: allowName, Priority: 150, Inbound: true, Allow: true, Protocol: jit.TCP,
		Sources: []string{"203.0.113.7/32"}, SourcePorts: []string{"*"},
		Destinations: []string{"10.10.1.4"}, Ports: []string{"22"},
		Description: "jitbot g-7k2qd U0123456789 until 2026-03-01T10:00:00Z",
	}
}

func put(r rules.Rule) []rules.Change { return []rules.Change{{Put: &r}} }

func remove(name string) []rules.Change { return []rules.Change{{Remove: name}} }

// only gives the outcome of the only change.
func (w *world) only(ctx context.Context, changes []rules.Change) error {
	outcomes := w.Apply(ctx, azuresim.DemoWebNICNSG, changes)
	if len(outcomes) != 1 {
		return errors.New("not one outcome")
	}
	return outcomes[0]
}

// find gives the rule of that name as Table tells it.
func (w *world) find(t *testing.T, name string) (rules.Rule, bool) {
	t.Helper()
	table, err := w.Table(t.Context(), azuresim.DemoWebNICNSG)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range table.Rules {
		if strings.EqualFold(r.Name, name) {
			return r, true
		}
	}
	return rules.Rule{}, false
}

// sent counts the requests since the last Reset of a method, "" for all, whose
// path contains part.
func (w *world) sent(method, part string) int {
	n := 0
	for _, r := range w.Requests() {
		if (method == "" || r.Method == method) && strings.Contains(strings.ToLower(r.Path), strings.ToLower(part)) {
			n++
		}
	}
	return n
}

// clean fails when a message shows what no message may.
func clean(t *testing.T, err error) {
	t.Helper()
	for _, bad := range []string{"\n", "api-version", "RESPONSE", "----", "Bearer", "&c=", "$filter"} {
		if strings.Contains(err.Error(), bad) {
			t.Errorf("the message shows %q: %v", bad, err)
		}
	}
	if len(err.Error()) > 900 {
		t.Errorf("the message has %d characters: %v", len(err.Error()), err)
	}
}

// transport is the SDK's policy.Transporter made of a function.
type transport func(*http.Request) (*http.Response, error)

func (f transport) Do(r *http.Request) (*http.Response, error) { return f(r) }

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
