package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"jitbot/bot/slacksim"
	"jitbot/cmd/internal/app"
	"jitbot/cmd/internal/config"
	"jitbot/jit/azure/azuresim"
)

// configuration is what an operator would write, for the simulated world: the
// address of the workspace, the store, and limits of a port's duration.
const configuration = `
installation: demo
slack:
  api_url: %[1]s/api/
  channel: ` + slacksim.DemoChannelID + `
azure:
  subscriptions: [` + azuresim.DemoSubscription + `]
  cloud: custom
  custom:
    authority_host: ` + azureURL + `/
    resource_manager: {endpoint: ` + azureURL + `, audience: ` + azuresim.DefaultAudience + `}
    graph: {endpoint: ` + azureURL + `, audience: ` + azuresim.DefaultGraph + `}
  poll: 250ms
store: %[2]s
listen: ""
users:
  ` + slacksim.DemoEngineerID + `: ` + azuresim.DemoAdaUPN + `
  ` + slacksim.DemoApproverID + `: ` + slacksim.DemoApproverEmail + `
  ` + slacksim.DemoApprover2ID + `: ` + slacksim.DemoApprover2Email + `
  ` + slacksim.DemoOutsiderID + `: ` + slacksim.DemoOutsiderEmail + `
admins: [` + slacksim.DemoApprover2ID + `]
approvals:
  - match: {}
    approvers: [` + slacksim.DemoApproversID + `]
    required: 1
policies:
  - match: {}
    ports:
      - {port: 22, protocol: tcp, sources: ["*"], %[3]slongest: 3h}
      - {port: 3389, protocol: tcp, sources: ["*"], %[3]slongest: 1h}
`

// firewallTime is how long a change of a firewall takes here. Azure takes three
// to five minutes, for which nobody would watch the page.
const firewallTime = 20 * time.Second

// azureURL is an address that no resolver knows: the simulator is called in
// this process.
const azureURL = "https://azure.demo.invalid"

// simulation is the simulated workspace and subscription with the bot.
type simulation struct {
	slack *slacksim.Sim
	azure *azuresim.Sim
	store string

	server *http.Server
	served chan error
	dir    string
	log    *slog.Logger
}

// newSimulation builds the world: a workspace on a loopback port and a subscription
// in memory, whose writes take as long as Azure's do, but for firewalls.
func newSimulation(ctx context.Context, log io.Writer) (*simulation, error) {
	dir, err := os.MkdirTemp("", "jitdemo-")
	if err != nil {
		return nil, fmt.Errorf("making a place for the store: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("serving the workspace: %w", err), os.RemoveAll(dir))
	}
	s := &simulation{
		slack: slacksim.New(slacksim.Options{URL: "http://" + listener.Addr().String()}),
		azure: azuresim.New(azuresim.Options{URL: azureURL}),
		store: filepath.Join(dir, "jitbot.db"), dir: dir, served: make(chan error, 1),
		log: slog.New(slog.NewTextHandler(log, nil)),
	}
	slacksim.SeedDemo(s.slack)
	azuresim.SeedDemo(s.azure)
	azuresim.SeedFirewalls(s.azure)
	// Two of the directory take the names that they have in the workspace.
	for _, u := range []struct{ id, email, name string }{
		{azuresim.DemoAlan, slacksim.DemoApprover2Email, "Linus Larsen"},
		{azuresim.DemoBob, slacksim.DemoOutsiderEmail, "Mallory Mink"},
	} {
		s.azure.PutUser(azuresim.User{ID: u.id, UPN: u.email, Mail: u.email, DisplayName: u.name})
	}
	// Who protects VMs holds the rights for it, which a Virtual Machine
	// Contributor has only half of.
	s.azure.Assign(azuresim.RoleAssignment{
		Scope: azuresim.DemoSubscriptionScope, Role: azuresim.RoleSecurityAdmin, Principal: azuresim.DemoAlan,
	})
	s.azure.Configure(func(c *azuresim.Settings) {
		c.OperationTime, c.FirewallTime, c.PolicyLag = 1200*time.Millisecond, firewallTime, time.Second
		c.EnforceRBAC = true // the bot has the rights of its roles, and no others
	})
	s.server = s.web(s.slack)
	go func() { s.served <- s.server.Serve(listener) }()
	return s, nil
}

// web is a server of this world; its own complaints go to the log.
func (s *simulation) web(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelInfo)}
}

// close ends the world and removes its store.
func (s *simulation) close() error {
	s.slack.Close()
	err := s.server.Close()
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// options are those of the bot in this world: what an operator would set. The
// limits are keys of each port, with a comma after each; empty leaves what a
// real configuration has.
func (s *simulation) options(limits string) (app.Options, error) {
	text := fmt.Sprintf(configuration, s.slack.Options().URL, s.store, limits)
	parsed, err := config.Parse("demo.yaml", []byte(text))
	if err != nil {
		return app.Options{}, err
	}
	transport := azuresim.Transport{Handler: s.azure}
	credential, err := azidentity.NewClientSecretCredential(azuresim.DefaultTenantID, azuresim.DefaultClientID, azuresim.DefaultClientSecret,
		&azidentity.ClientSecretCredentialOptions{
			DisableInstanceDiscovery: true,
			ClientOptions: azcore.ClientOptions{
				Transport: transport,
				Cloud: cloud.Configuration{
					ActiveDirectoryAuthorityHost: azureURL + "/",
					Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
						cloud.ResourceManager: {Endpoint: azureURL, Audience: azuresim.DefaultAudience},
					},
				},
			},
		})
	if err != nil {
		return app.Options{}, fmt.Errorf("signing in to the simulated Azure: %w", err)
	}
	tokens := s.slack.Options()
	return app.Options{
		Config: parsed, Tokens: config.Tokens{Bot: tokens.BotToken, App: tokens.AppToken},
		Credential: credential, Transport: transport, Log: s.log, Stagger: time.Second,
	}, nil
}
