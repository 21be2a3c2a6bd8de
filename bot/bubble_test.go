package bot_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"jitbot/bot/slacksim"
	"jitbot/jit"
)

// pipes are a network in memory, on which fake time passes.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "slack", Net: "pipe"} }

// inBubble is a workspace like that of setUp, in fake time.
func inBubble(t *testing.T, opt slacksim.Options, f func(o *setup)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f(newBubbled(t, opt))
	})
}

func newBubbled(t *testing.T, opt slacksim.Options) *setup {
	t.Helper()
	sim := slacksim.New(opt)
	slacksim.SeedDemo(sim)
	l := newPipes()
	srv := &http.Server{Handler: sim, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute}
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Hour)
	transport := &http.Transport{DialContext: l.dial, DisableKeepAlives: true}
	t.Cleanup(func() {
		cancel()
		sim.Close()
		_ = srv.Close()
		_ = l.Close()
		transport.CloseIdleConnections()
		serving.Wait()
	})
	o := newSetup(t, ctx, sim, "http://slack.invalid", &http.Client{Transport: transport, Timeout: time.Minute})
	o.conf.Dialer = &websocket.Dialer{NetDialContext: l.dial}
	return o
}

// another puts another waiting request of Ada's.
func (o *setup) another(id jit.ID) jit.Grant {
	o.t.Helper()
	g, _ := jit.NewGrant(id, jit.Request{
		By: jit.Person{ID: adaID}, Targets: []jit.Target{{VM: "/vm/web-1", Name: "web-1", Group: "rg"}},
		Ports: ssh(), Sources: from("203.0.113.7/32"), Duration: time.Hour, Reason: "the fix", At: time.Now(),
	})
	g, _, err := g.Wait(g.Request.By, []string{slacksim.DemoApproversID}, 1, time.Now().Add(time.Hour), time.Now())
	if err != nil {
		o.t.Fatal(err)
	}
	o.service.put(g)
	return g
}

func (o *setup) grant(id jit.ID) jit.Grant {
	o.service.mu.Lock()
	defer o.service.mu.Unlock()
	return o.service.grants[id]
}
