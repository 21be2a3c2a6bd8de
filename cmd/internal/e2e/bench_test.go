package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"jitbot/bot/slacksim"
	"jitbot/cmd/internal/app"
	"jitbot/cmd/internal/config"
	"jitbot/cmd/internal/e2e/simulated"
	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/reconcile"
)

const crowd = 64 // people at once

// slackService is the whole bot over both simulators in this process, with a crowd of
// engineers who may ask.
type slackService struct {
	slack      *slacksim.Sim
	azure      *azuresim.Sim
	reconciler *reconcile.Reconciler
	dir        string
}

// newSlackService begins one; more is added to its configuration.
func newSlackService(b testing.TB, more string) *slackService {
	b.Helper()
	f := &slackService{slack: slacksim.New(slacksim.Options{}), azure: azuresim.New(azuresim.Options{}), dir: b.TempDir()}
	slacksim.SeedDemo(f.slack)
	azuresim.SeedDemo(f.azure)
	f.azure.Configure(func(s *azuresim.Settings) { s.Throttle = false })
	server := httptest.NewServer(f.slack)
	b.Cleanup(server.Close)
	b.Cleanup(f.slack.Close)
	f.slack.SetURL(server.URL)
	users := ""
	for i := range crowd {
		id := engineer(i)
		f.slack.AddUser(slacksim.User{ID: id, Name: id})
		users += fmt.Sprintf("  %s: %s\n", id, azuresim.DemoAda)
	}
	f.slack.UpdateChannel(slacksim.DemoChannelID, func(c *slacksim.Channel) {
		for i := range crowd {
			c.Members = append(c.Members, engineer(i))
		}
	})
	text := fmt.Sprintf(`installation: bench
slack: {api_url: %s/api/, channel: %s}
azure:
  subscriptions: [%s]
  cloud: custom
  custom:
    authority_host: https://azure.bench.invalid/
    resource_manager: {endpoint: https://azure.bench.invalid, audience: %s}
    graph: {endpoint: https://azure.bench.invalid, audience: %s}
  poll: 100ms
store: %s
listen: ""
users:
%s  %s: %s
approvals: [{match: {}, approvers: [%[8]s], required: 1}]
policies: [{match: {}, ports: [{port: 22, sources: ["*"], shortest: 1s}]}]
rate: {per_person: 10000}
%[10]s`, server.URL, slacksim.DemoChannelID, azuresim.DemoSubscription, azuresim.DefaultAudience, azuresim.DefaultGraph,
		filepath.Join(f.dir, "jitbot.db"), users, slacksim.DemoApproverID, azuresim.DemoGraceMail, more)
	parsed, err := config.Parse("bench.yaml", []byte(text))
	if err != nil {
		b.Fatal(err)
	}
	f.run(b, parsed)
	return f
}

func engineer(i int) string { return fmt.Sprintf("U0ENG%03d", i) }

func (f *slackService) run(b testing.TB, loaded config.Config) {
	transport := azuresim.Transport{Handler: f.azure}
	credential, err := azidentity.NewClientSecretCredential(azuresim.DefaultTenantID, azuresim.DefaultClientID, azuresim.DefaultClientSecret,
		&azidentity.ClientSecretCredentialOptions{DisableInstanceDiscovery: true, ClientOptions: azcore.ClientOptions{
			Transport: transport, Cloud: cloud.Configuration{
				ActiveDirectoryAuthorityHost: "https://azure.bench.invalid/",
				Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
					cloud.ResourceManager: {Endpoint: "https://azure.bench.invalid", Audience: azuresim.DefaultAudience},
				},
			},
		}})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	o := f.slack.Options()
	go func() {
		ended <- app.Run(ctx, app.Options{
			Config: loaded, Tokens: config.Tokens{Bot: o.BotToken, App: o.AppToken}, Credential: credential, Transport: transport,
			Stagger: 100 * time.Millisecond,
			Started: func(s *reconcile.Reconciler, _ app.StoreReader) { f.reconciler = s },
		})
	}()
	b.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	f.await(b, func(n *slacksim.Snapshot) bool { return n.Sockets >= 2 })
}

func (f *slackService) await(b testing.TB, seen func(*slacksim.Snapshot) bool) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	if err := f.slack.Wait(ctx, seen); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkAck is the time from a typed request's envelope to its
// acknowledgement, stored first, with 64 people at once. The floor is a
// write and fdatasync of a page on the same disk in the same run.
func BenchmarkAck(b *testing.B) {
	f := newSlackService(b, "")
	// Azure is elsewhere: its answers take their time, and none of ours.
	f.azure.Configure(func(s *azuresim.Settings) { s.Latency = 50 * time.Millisecond })
	var mu sync.Mutex
	var took, floor []time.Duration
	b.ResetTimer()
	for round := 0; b.Loop(); round++ {
		floor = append(floor, syncOnce(b, f.dir))
		var wg sync.WaitGroup
		for i := range crowd {
			wg.Go(func() {
				line := fmt.Sprintf("request web-1 22 1h from 203.0.113.%d for round %d", i+1, round)
				reply, err := f.slack.Slash(b.Context(), engineer(i), slacksim.DemoChannelID, "/jit", line)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					b.Error(err)
				}
				took = append(took, reply.Took)
			})
		}
		wg.Wait()
		f.await(b, answered) // each burst finds the bot at rest
	}
	b.StopTimer()
	slices.Sort(took)
	slices.Sort(floor)
	p50, p99 := took[len(took)/2], took[len(took)*99/100]
	b.ReportMetric(float64(p50.Microseconds())/1000, "p50-ms/ack")
	b.ReportMetric(float64(p99.Microseconds())/1000, "p99-ms/ack")
	b.ReportMetric(float64(p99)/float64(floor[len(floor)/2]), "p99-x/fdatasync")
	b.ReportMetric(0, "ns/op")
}

// answered reports whether everybody has an answer.
func answered(n *slacksim.Snapshot) bool {
	for i := range crowd {
		said := n.Ephemerals(engineer(i))
		if len(said) == 0 || !simulated.Answers(said[len(said)-1].Text) {
			return false
		}
	}
	return true
}

// syncOnce writes a page and waits until the disk has it.
func syncOnce(b *testing.B, dir string) time.Duration {
	file, err := os.OpenFile(filepath.Join(dir, "floor"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if _, err := file.WriteAt(make([]byte, 4096), 0); err != nil {
		b.Fatal(err)
	}
	if err := file.Sync(); err != nil {
		b.Fatal(err)
	}
	took := time.Since(began)
	if err := file.Close(); err != nil {
		b.Fatal(err)
	}
	return took
}

// BenchmarkLife counts the requests to Azure and to Slack of one grant's life behind
// one guard, from the typed line to closed.
func BenchmarkLife(b *testing.B) {
	f := newSlackService(b, "")
	f.azure.Configure(func(s *azuresim.Settings) { s.OperationTime = 50 * time.Millisecond })
	var total azuresim.Counts
	lists, n := 0, 0
	told := map[string]int{}
	for b.Loop() {
		f.azure.Reset()
		f.slack.ResetCalls()
		f.live(b, n)
		for kind, count := range simulated.KindsOf(f.slack.Calls()) {
			told[kind] += count
		}
		c := f.azure.Counts()
		for _, r := range f.azure.Requests() {
			if r.Class == azuresim.ClassGuard && r.Method == http.MethodGet && filepath.Base(r.Path) == "networkSecurityGroups" {
				lists++
			}
		}
		total.GuardReads += c.GuardReads
		total.GuardWrites += c.GuardWrites + c.GuardDeletes
		total.Polls += c.Polls
		total.Inventory += c.Inventory
		total.Access += c.Access + c.Graph
		n++
	}
	each := func(count int, unit string) { b.ReportMetric(float64(count)/float64(n), unit) }
	each(total.GuardWrites, "guard-writes/life")
	each(total.GuardReads-lists, "guard-reads/life")
	each(total.Polls, "polls/life")
	each(total.Inventory, "vm-reads/life")
	each(total.Access, "rights-reads/life")
	for kind, count := range told {
		each(count, "slack-"+strings.ReplaceAll(kind, " ", "-")+"/life")
	}
}

// live plays one life on a VM with one guard and ends it early.
func (f *slackService) live(b *testing.B, n int) {
	asker := engineer(n % crowd)
	line := fmt.Sprintf("request db-2 22 1h from 203.0.113.7 for life %d", n)
	if _, err := f.slack.Slash(b.Context(), asker, slacksim.DemoChannelID, "/jit", line); err != nil {
		b.Fatal(err)
	}
	cards := func(s *slacksim.Snapshot) []slacksim.Message { return s.Messages(slacksim.DemoChannelID) }
	f.await(b, func(s *slacksim.Snapshot) bool { return len(cards(s)) == n+1 })
	var card slacksim.Message
	f.await(b, func(s *slacksim.Snapshot) bool { card = cards(s)[n]; return true })
	if _, err := f.slack.Click(b.Context(), slacksim.DemoApproverID, slacksim.DemoChannelID, card.TS, "approve"); err != nil {
		b.Fatal(err)
	}
	var open slacksim.Message
	f.await(b, func(s *slacksim.Snapshot) bool {
		for _, m := range s.DMs(asker) {
			if _, ok := m.Button("done"); ok {
				open = m
			}
		}
		return open.TS != ""
	})
	if _, err := f.slack.Click(b.Context(), asker, open.Channel, open.TS, "done"); err != nil {
		b.Fatal(err)
	}
	f.await(b, func(s *slacksim.Snapshot) bool {
		dms := s.DMs(asker)
		return len(dms) > 0 && strings.Contains(dms[len(dms)-1].Text, "is "+string(jit.Closed))
	})
}
