package main

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Whoever reaches the page may do everything on it, so only this machine does.
func TestListensLocally(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.com:0", "127.0.0.1", "8080"} {
		var out, errs bytes.Buffer
		if code := execute(t.Context(), []string{"--listen", address}, &out, &errs); code != 1 || !strings.Contains(errs.String(), "127.0.0.1:") || out.Len() > 0 {
			t.Errorf("%s: exit %d, %s%s", address, code, out.String(), errs.String())
		}
	}
}

// The default gives way to whoever has its port, an address that was asked for
// does not.
func TestListenTaken(t *testing.T) {
	first, err := listenLocal(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, err := listenLocal(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if a, ok := second.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		t.Errorf("gave way to %s", second.Addr())
	}
	if _, err := listenLocal(t.Context(), second.Addr().String()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("taken, and said %v", err)
	}
}

// The demo's clock outlives the bot.
func TestEngine(t *testing.T) {
	s, err := newSimulation(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}()
	e, err := s.engine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer e.kill()
	ahead := func(want time.Duration) {
		t.Helper()
		if got := time.Until(e.now()); (got - want).Abs() > time.Minute {
			t.Errorf("the demo's clock is %s ahead, and should be %s", got, want)
		}
	}
	e.skip(time.Hour)
	ahead(time.Hour)
	if protections, err := e.protections(t.Context()); len(protections) > 0 || err != nil {
		t.Errorf("in a fresh world %v, %v is protected", protections, err)
	}
	e.kill()
	if protections, err := e.protections(t.Context()); protections != nil || err != nil {
		t.Errorf("killed, and protected is %v, %v", protections, err)
	}
	if grants, err := e.unfinished(t.Context()); e.running() || grants != nil || err != nil {
		t.Errorf("killed, and running is %t with %v, %v", e.running(), grants, err)
	}
	e.kill()
	e.skip(time.Hour)
	ahead(2 * time.Hour)
	if err := e.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ahead(2 * time.Hour)
	if grants, err := e.unfinished(t.Context()); !e.running() || len(grants) > 0 || err != nil {
		t.Errorf("started, and running is %t with %v, %v", e.running(), grants, err)
	}
}
