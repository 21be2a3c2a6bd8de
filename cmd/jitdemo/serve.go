package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"jitbot/bot/slacksim"
	"jitbot/cmd/jitdemo/page"
	"jitbot/jit/azure/azuresim"
)

// atFirst is where the page is served unless the command line says otherwise,
// or somebody else is there.
const atFirst = "127.0.0.1:8080"

// upWithin bounds how long the bot may take to come up.
const upWithin = 20 * time.Second

// servePage serves the page until ctx ends.
func servePage(ctx context.Context, address string, out, log io.Writer) (err error) {
	listener, err := listenLocal(ctx, address)
	if err != nil {
		return err
	}
	defer listener.Close() //nolint:errcheck // the server closes it too, and tells
	s, err := newSimulation(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	e, err := s.engine(ctx)
	if err != nil {
		return err
	}
	defer e.kill()
	server := s.web(page.New(s.pageOptions(ctx, e)))
	// Closing cuts the streams, which never end by themselves.
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	fmt.Fprintf(out, greeting, listener.Addr()) //nolint:errcheck // a terminal that is gone ends nothing
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the page: %w", err)
	}
	return nil
}

const greeting = `Open http://%s in a browser: jitbot over a simulated Slack and Azure.
As Ada ask for a port, as Grace approve it, then move the clock to the deadline.
Nothing leaves this machine. Ctrl-C stops it.
`

// listenLocal listens where nobody but this machine can connect. The default
// gives way to whoever has its port; an address that was asked for does not.
func listenLocal(ctx context.Context, address string) (net.Listener, error) {
	where := address
	if where == "" {
		where = atFirst
	}
	host, port, err := net.SplitHostPort(where)
	if err != nil {
		return nil, fmt.Errorf("--listen takes an address and a port, such as %s or 127.0.0.1:0 for a free port: %w", atFirst, err)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if a, err := netip.ParseAddr(host); err != nil || !a.IsLoopback() {
		return nil, fmt.Errorf("--listen %s is not of this machine alone, and whoever reaches the page may do everything;"+
			" write 127.0.0.1:%s", where, port)
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if address == "" && errors.Is(err, syscall.EADDRINUSE) {
		listener, err = config.Listen(ctx, "tcp", "127.0.0.1:0")
	}
	if err != nil {
		return nil, fmt.Errorf("serving the page; --listen 127.0.0.1:0 takes a free port: %w", err)
	}
	return listener, nil
}

// engine starts the bot and waits until it has found the workspace.
func (s *simulation) engine(ctx context.Context) (*engine, error) {
	options, err := s.options("")
	if err != nil {
		return nil, err
	}
	options.Grace = time.Nanosecond // a crash waits for nothing
	e := &engine{options: options, log: s.log}
	if err := e.start(ctx); err != nil {
		return nil, fmt.Errorf("starting the bot: %w", err)
	}
	within, cancel := context.WithTimeout(ctx, upWithin)
	defer cancel()
	if err := s.slack.Wait(within, func(n *slacksim.Snapshot) bool { return n.Sockets > 0 }); err != nil && ctx.Err() == nil {
		e.kill()
		return nil, fmt.Errorf("waiting for the bot to come up; --verbose shows its log: %w", err)
	}
	return e, nil
}

// pageOptions tie the page to this world.
func (s *simulation) pageOptions(ctx context.Context, e *engine) page.Options {
	return page.Options{
		Slack: s.slack, Azure: s.azure, Log: s.log,
		Now: e.now, Skip: e.skip, Running: e.running, Grants: e.unfinished, Protections: e.protections,
		Kill:      func() error { e.kill(); return nil },
		Start:     func() error { return e.start(ctx) },
		Shortcuts: []page.Shortcut{{Callback: "request_access", Name: "Request access"}},
		// First what the steps are about.
		Guards: []string{
			azuresim.DemoWebSubnetNSG, azuresim.DemoWebNICNSG, azuresim.DemoJumpNSG,
			azuresim.DemoDBSubnetNSG, azuresim.DemoBackupNSG, azuresim.DemoDevNSG, azuresim.DemoAppNSG, azuresim.DemoCoreNSG,
		},
		Firewalls: []string{azuresim.DemoFirewall, azuresim.DemoEdgeFirewall},
		VMs: []string{
			azuresim.DemoWeb1, azuresim.DemoWeb2, azuresim.DemoJump, azuresim.DemoDB1, azuresim.DemoDB2, azuresim.DemoDB3,
			azuresim.DemoDev1, azuresim.DemoDev2, azuresim.DemoDevWin, azuresim.DemoBare, azuresim.DemoApp, azuresim.DemoCore,
		},
	}
}
