package simulated

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// pipes is a network without ports: who dials is given one end of a pipe, and the
// server the other, so that HTTP and WebSockets run in a bubble of fake time.
type pipes struct {
	accept chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// Network serves a handler to whoever goes by the transport, at any address, until
// the test ends.
func Network(t testing.TB, h http.Handler) *http.Transport {
	t.Helper()
	p := &pipes{accept: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Minute}
	var running sync.WaitGroup
	running.Go(func() {
		if err := server.Serve(p); !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serving over pipes: %v", err)
		}
	})
	transport := &http.Transport{DialContext: p.dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		running.Wait()
	})
	return transport
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.accept <- server:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accept:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// Addr implements net.Listener.
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }
