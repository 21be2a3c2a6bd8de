package simulated

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/jit"
	"jitbot/jit/access"
	"jitbot/jit/admission"
	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/digest"
	"jitbot/jit/lookup"
	"jitbot/jit/outbox"
	"jitbot/jit/policies"
	"jitbot/jit/protection"
	"jitbot/jit/reconcile"
	"jitbot/store/bolt"
)

// World is the whole service over a real store file, the real Azure clients
// and the simulated subscription, with the people of a small workspace. It runs
// in a bubble of fake time. Its fields may be changed before Start, and the
// simulator's and Config's own at any time that they allow.
type World struct {
	T          Tester
	Azure      *azuresim.Sim
	File       string
	Config     policies.Config
	mu         sync.Mutex // for what follows, which a test may change while the service runs
	members    map[jit.UserID]admission.Member
	groupsFail error // why Slack lists no user group

	Groups    map[string][]jit.UserID
	Told      *Notifier
	Meter     *Meter
	Wrap      func(admission.Adapters) admission.Adapters // nil changes nothing; else what stands between the service and the rest
	WrapStore func(Store) Store                           // nil changes nothing; else what stands between all of it and the store
	Client    *azure.Client
	asked     int // deliveries so far, each with a key of its own

	Store      *bolt.Store
	Service    *access.Service
	Reconciler *reconcile.Reconciler
	halt       func()
}

// Store is all that is asked of a store.
type Store interface {
	jit.Grants
	protection.Store
	jit.Record
	admission.Names
	lookup.History
	reconcile.State
	digest.Store
	outbox.Store
}

// Tester is what a world needs of a test or, in a property, of one case of it.
type Tester interface {
	Helper()
	Context() context.Context
	Cleanup(f func())
	Output() io.Writer
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// New is a world that has not started, with the demo's subscription.
func New(t *testing.T) *World {
	t.Helper()
	return NewIn(t, t.TempDir())
}

// NewIn is New with the store in the folder, for a case of a property.
func NewIn(t Tester, dir string) *World {
	t.Helper()
	sim := azuresim.New(azuresim.Options{})
	azuresim.SeedDemo(sim)
	sim.Configure(func(s *azuresim.Settings) { s.OperationTime = 2 * time.Second })
	w := &World{
		T: t, Azure: sim, File: filepath.Join(dir, "jitbot.db"), Config: Config(),
		Groups:  map[string][]jit.UserID{Approvers: {Grace, Alan}},
		members: map[jit.UserID]admission.Member{Guest: {ID: Guest, Guest: true}},
		Meter:   &Meter{},
	}
	for _, id := range []jit.UserID{Ada, Bob, Grace, Alan, Carol} {
		w.members[id] = admission.Member{ID: id}
	}
	w.Told = &Notifier{w: w}
	w.Client = w.Connect()
	return w
}

// Start opens the store, an existing file as well as none, and runs the service;
// Stop ends it. Both may be called again, as a restart.
func (w *World) Start() {
	w.T.Helper()
	db, err := bolt.Open(w.T.Context(), w.File, bolt.Options{})
	if err != nil {
		w.T.Fatal(err)
	}
	w.Store = db
	log := slog.New(slog.NewTextHandler(w.T.Output(), nil))
	var store Store = db
	if w.WrapStore != nil {
		store = w.WrapStore(store)
	}
	deps := admission.Adapters{
		Grants: store, Protections: store, Record: store, Names: store,
		Network: w.Client, Inventory: w.Client, Directory: w.Client, Readiness: w.Client,
		People: people{w}, Meter: w.Meter, Topology: w.Client, Locks: w.Client, Witness: w.Client, Log: log,
	}
	if w.Wrap != nil {
		deps = w.Wrap(deps)
	}
	checks := admission.NewChecker(w.Config, deps)
	w.Reconciler = reconcile.New(checks, store)
	w.Service = access.New(checks, store, w.Reconciler)
	ctx, cancel := context.WithCancel(w.T.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = w.Reconciler.Run(ctx, w.Service.Attend) })
	wg.Go(func() { _ = digest.NewWriter(checks, store, w.Reconciler.Doubt).Run(ctx) })
	wg.Go(func() { _ = outbox.New(store, w.Told, outbox.Options{Channel: w.Config.Channel, Log: log}).Run(ctx) })
	wg.Go(func() { w.Told.watch(ctx) })
	w.halt = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
		if err := db.Close(); err != nil {
			w.T.Error(err)
		}
	})
	w.T.Cleanup(w.halt)
}

// Stop ends what Start began; the store's file stays.
func (w *World) Stop() { w.halt() }

// Pass lets fake time go by and everything that it sets off settle.
func (w *World) Pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// StartOn is Start on a copy of a store that somebody else left.
func (w *World) StartOn(file string) {
	w.T.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		w.T.Fatal(err)
	}
	if err := os.WriteFile(w.File, data, 0o600); err != nil {
		w.T.Fatal(err)
	}
	w.Start()
}

// Connect is another client of the same Azure.
func (w *World) Connect(change ...func(*azure.Config)) *azure.Client {
	w.T.Helper()
	config := AzureConfig(w.T, w.Azure)
	for _, f := range change {
		f(&config)
	}
	c, err := azure.New(config)
	if err != nil {
		w.T.Fatal(err)
	}
	return c
}
