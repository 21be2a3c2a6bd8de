package slacksim

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Network is a way to a workspace that leads through memory alone, so that fake time
// passes on it.
type Network struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
	wg    sync.WaitGroup
	srv   *http.Server
}

// NewNetwork serves the workspace until Close.
func NewNetwork(s *Sim) *Network {
	n := &Network{conns: make(chan net.Conn), done: make(chan struct{})}
	n.srv = &http.Server{Handler: s, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), ReadHeaderTimeout: time.Minute}
	n.wg.Go(func() { _ = n.srv.Serve(listener{n}) }) // it ends with Close
	return n
}

// Dial connects to the workspace, whatever the address.
func (n *Network) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case n.conns <- there:
		return here, nil
	case <-n.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Client speaks HTTP over the network, by a new connection each time.
func (n *Network) Client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: n.Dial, DisableKeepAlives: true}, Timeout: time.Minute}
}

// Close ends every connection. Close the Sim before it.
func (n *Network) Close() error {
	n.once.Do(func() { close(n.done) })
	err := n.srv.Close()
	n.wg.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// listener is the network as a server sees it.
type listener struct{ *Network }

// Accept implements net.Listener.
func (l listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// Addr implements net.Listener.
func (listener) Addr() net.Addr { return &net.UnixAddr{Name: "slack.invalid", Net: "memory"} }
