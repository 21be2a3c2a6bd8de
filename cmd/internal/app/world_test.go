package app_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"jitbot/jit"
	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
	"jitbot/store/bolt"
)

// The people of the tests: Slack ids tied to the simulator's Entra users.
const (
	ada   = jit.UserID("U0ADA")   // engineer, may request
	bob   = jit.UserID("U0BOB")   // has no Azure role
	grace = jit.UserID("U0GRACE") // approver
	alan  = jit.UserID("U0ALAN")  // approver
	carol = jit.UserID("U0CAROL") // admin
	guest = jit.UserID("U0GUEST")
)

const group = "S0APPROVERS"

// world is the whole service over a real store file, the real Azure clients
// and the simulator, with the people of a small workspace. It runs in a
// bubble of fake time.
type world struct {
	t       tester
	sim     *azuresim.Sim
	path    string
	config  jit.Config
	mu      sync.Mutex // for members, which a test may change while the service runs
	members map[jit.UserID]jit.Member
	groups  map[string][]jit.UserID
	told    *teller
	meter   *meter
	wrap    func(jit.World) jit.World // nil changes nothing: the fuse
	client  *azure.Client
	asked   int // deliveries so far, each with a key of its own

	store   *bolt.Store
	service *jit.Service
	sweep   *jit.Reconciler
	halt    func()
}

// tester is what a world needs of a test or, in a property, of one case of it.
type tester interface {
	Helper()
	Context() context.Context
	Cleanup(f func())
	Output() io.Writer
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldIn(t, t.TempDir())
}

// newWorldIn keeps its store in the folder.
func newWorldIn(t tester, dir string) *world {
	t.Helper()
	sim := azuresim.New(azuresim.Options{})
	azuresim.SeedDemo(sim)
	sim.Configure(func(s *azuresim.Settings) { s.OperationTime = 2 * time.Second })
	w := &world{
		t: t, sim: sim, path: filepath.Join(dir, "jitbot.db"), config: testConfig(),
		groups:  map[string][]jit.UserID{group: {grace, alan}},
		members: map[jit.UserID]jit.Member{guest: {ID: guest, Guest: true}},
		meter:   &meter{},
	}
	for _, id := range []jit.UserID{ada, bob, grace, alan, carol} {
		w.members[id] = jit.Member{ID: id}
	}
	w.told = &teller{w: w}
	w.client = w.azure()
	return w
}

func testConfig() jit.Config {
	return jit.Config{
		Installation: "prod", OpenWithin: time.Minute, Channel: "C0CARDS",
		Bands: jit.Bands{Allow: jit.Band{From: 100, To: 249}, DenyOverride: jit.Band{From: 250, To: 299}, DenyRespect: jit.Band{From: 3900, To: 4096}},
		Users: map[jit.UserID]string{
			ada: azuresim.DemoAda, bob: azuresim.DemoBob, grace: azuresim.DemoGrace, alan: azuresim.DemoAlan, carol: azuresim.DemoCarol,
		},
		RequiredActions: jit.DefaultActions(),
		Admins:          []string{string(carol)},
		Approvals:       []jit.ApprovalRule{{Approvers: []string{group}, Required: 1, PendingFor: time.Hour}},
		Policies: []jit.Policy{{
			Ports: []jit.PortPolicy{
				{Ports: jit.Ports{From: 22, To: 22, Protocol: jit.TCP}, Any: true, Shortest: 5 * time.Minute, Longest: 3 * time.Hour},
				{Ports: jit.Ports{From: 3389, To: 3389, Protocol: jit.TCP}, Sources: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}, Shortest: 5 * time.Minute, Longest: time.Hour},
			},
			Widest: jit.Widths{V4: 32, V6: 128},
		}},
	}
}

func (w *world) azure(change ...func(*azure.Config)) *azure.Client {
	w.t.Helper()
	config := azureConfig(w.t, w.sim)
	for _, f := range change {
		f(&config)
	}
	c, err := azure.New(config)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// azureConfig leads into the simulator, with the bot's secret.
func azureConfig(t tester, sim *azuresim.Sim) azure.Config {
	t.Helper()
	transport := azuresim.Transport{Handler: sim}
	private := cloud.Configuration{
		ActiveDirectoryAuthorityHost: "https://login.example/",
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: "https://arm.example", Audience: azuresim.DefaultAudience},
		},
	}
	cred, err := azidentity.NewClientSecretCredential(azuresim.DefaultTenantID, azuresim.DefaultClientID, azuresim.DefaultClientSecret,
		&azidentity.ClientSecretCredentialOptions{
			ClientOptions: azcore.ClientOptions{Cloud: private, Transport: transport}, DisableInstanceDiscovery: true,
		})
	if err != nil {
		t.Fatal(err)
	}
	return azure.Config{
		Subscriptions: []string{azuresim.DemoSubscription}, Cloud: azure.CustomCloud, Credential: cred, Transport: transport,
		Custom: azure.Custom{
			AuthorityHost:   "https://login.example/",
			ResourceManager: azure.Endpoint{Endpoint: "https://arm.example", Audience: azuresim.DefaultAudience},
			Graph:           azure.Endpoint{Endpoint: "https://graph.example", Audience: azuresim.DefaultGraph},
		},
	}
}

// start opens the store and runs the service; stop ends it. Both may be
// called again, as a restart.
func (w *world) start() {
	w.t.Helper()
	db, err := bolt.Open(w.t.Context(), w.path, bolt.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.store = db
	log := slog.New(slog.NewTextHandler(w.t.Output(), nil))
	deps := jit.World{
		Store: db, Network: w.client, Inventory: w.client, Directory: w.client, Vitals: w.client,
		People: people{w}, Meter: w.meter, Scenery: w.client, Locks: w.client, Log: log,
	}
	if w.wrap != nil {
		deps = w.wrap(deps)
	}
	w.sweep = jit.NewReconciler(w.config, deps)
	w.service = jit.NewService(w.sweep)
	ctx, cancel := context.WithCancel(w.t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = w.sweep.Run(ctx, w.service.Check) })
	wg.Go(func() { _ = jit.NewDispatcher(deps.Store, w.told, log).Run(ctx) })
	w.halt = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
		if err := db.Close(); err != nil {
			w.t.Error(err)
		}
	})
	w.t.Cleanup(w.halt)
}

func (w *world) stop() { w.halt() }

// pass lets fake time go by and everything that it sets off settle.
func (w *world) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// ask asks for SSH on a VM and has it checked.
func (w *world) ask(by jit.UserID, d time.Duration, vms ...string) (jit.Grant, error) {
	w.t.Helper()
	return w.askFrom(by, d, "203.0.113.7/32", vms...)
}

func (w *world) askFrom(by jit.UserID, d time.Duration, source string, vms ...string) (jit.Grant, error) {
	w.t.Helper()
	w.asked++
	grants, err := w.service.Ask(w.t.Context(), by, fmt.Sprint("ask ", w.asked), jit.Ask{
		VMs: vms, Ports: []jit.Ports{{From: 22, To: 22}}, Duration: d,
		Sources: []netip.Prefix{netip.MustParsePrefix(source)}, Reason: "mend the index",
	})
	if err != nil {
		return jit.Grant{}, err
	}
	return w.service.Check(w.t.Context(), grants[0].ID)
}

// open brings a grant to life and returns it open.
func (w *world) open(d time.Duration, vms ...string) jit.Grant {
	w.t.Helper()
	g, err := w.ask(ada, d, vms...)
	if err != nil {
		w.t.Fatalf("asking: %v", err)
	}
	if _, err := w.service.Approve(w.t.Context(), grace, g.ID); err != nil {
		w.t.Fatalf("approving: %v", err)
	}
	w.pass(20 * time.Second)
	return w.want(g.ID, jit.Open)
}

func (w *world) grant(id jit.ID) jit.Grant {
	w.t.Helper()
	g, err := w.store.Grant(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

func (w *world) want(id jit.ID, state jit.State) jit.Grant {
	w.t.Helper()
	g := w.grant(id)
	if g.State != state {
		w.t.Fatalf("%s is %s (%s), want %s; paths %+v", id, g.State, g.Decision.Reason, state, g.Paths)
	}
	return g
}

// ours counts the rules of ours in all guards.
func (w *world) ours() int {
	n := 0
	for _, nsg := range w.sim.NSGs() {
		for _, r := range w.sim.Rules(nsg) {
			if isOurs(r.Name) {
				n++
			}
		}
	}
	return n
}

// isOurs says it by the name alone; the noise takes no whole name of ours.
func isOurs(name string) bool {
	n, ok := jit.ParseRuleName(name)
	return ok && n.Installation == "prod"
}

// foreign is every rule that is not ours, byte for byte.
func (w *world) foreign() string {
	var b strings.Builder
	for _, nsg := range w.sim.NSGs() {
		b.WriteString(nsg + "\n" + w.sim.DumpRules(nsg, isOurs))
	}
	return b.String()
}

func (w *world) reachable(vm, source string) bool {
	ok, _ := w.sim.Reachable(vm, netip.MustParseAddr(source), 22, "Tcp")
	return ok
}

// promises checks what must hold after every life: each rule of ours belongs
// to a live grant, foreign rules are as before, and the record is one chain.
func (w *world) promises(foreign string) {
	w.t.Helper()
	if got := w.foreign(); got != foreign {
		w.t.Errorf("foreign rules changed:\n%s\nwere:\n%s", got, foreign)
	}
	for _, nsg := range w.sim.NSGs() {
		for _, r := range w.sim.Rules(nsg) {
			n, _ := jit.ParseRuleName(r.Name)
			if !isOurs(r.Name) {
				continue
			}
			if n.Grant == "" {
				if locks, err := w.store.LocksAt(w.t.Context(), nsg); err != nil || len(locks) == 0 {
					w.t.Errorf("deny %s has no protection: %v", r.Name, err)
				}
				continue
			}
			if g, err := w.store.Grant(w.t.Context(), n.Grant); err != nil || !g.State.Live() {
				w.t.Errorf("rule %s has no live grant: %v %s", r.Name, err, g.State)
			}
		}
	}
	if err := w.store.Verify(w.t.Context()); err != nil {
		w.t.Error(err)
	}
}

// kinds lists the record of a grant.
func (w *world) kinds(id jit.ID) []jit.EventKind {
	w.t.Helper()
	events, err := w.store.Events(w.t.Context(), 0, 100000)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []jit.EventKind
	for _, e := range events {
		if e.Grant == id {
			out = append(out, e.Kind)
		}
	}
	return out
}

// setMember changes what Slack says of somebody.
func (w *world) setMember(m jit.Member) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.members[m.ID] = m
}

// bubble runs a test in fake time.
func bubble(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { f(t, newWorld(t)) })
}

// with copies the configuration for one test to change.
func (w *world) with(change func(*jit.Config)) {
	w.config.Users = maps.Clone(w.config.Users)
	change(&w.config)
}
