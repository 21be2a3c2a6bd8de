package alert_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/cmd/internal/alert"
)

// server is what an operator has listen; it answers as status says, after a while.
type server struct {
	mu     sync.Mutex
	status int
	after  time.Duration
	to     string // a redirect
	heard  []alert.Alert
	bad    []string // what is not as documented
}

// RoundTrip implements http.RoundTripper.
func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	after := s.after
	s.mu.Unlock()
	select {
	case <-time.After(after):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var a alert.Alert
	if err := json.Unmarshal(body, &a); err != nil {
		s.bad = append(s.bad, err.Error())
	}
	if at := r.Header.Get("X-Jitbot-Timestamp"); r.Header.Get("X-Jitbot-Signature") != alert.Sign("a secret of many letters", at, body) {
		s.bad = append(s.bad, "the signature is wrong")
	}
	if s.status < 300 {
		s.heard = append(s.heard, a)
	}
	w := httptest.NewRecorder()
	if s.to != "" {
		w.Header().Set("Location", s.to)
	}
	w.WriteHeader(s.status)
	return w.Result(), nil
}

func (s *server) answers(status int, after time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.after = status, after
}

// events are what it heard, each with its grant.
func (s *server) events() (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.heard {
		out = append(out, a.Grant+" "+a.Event)
	}
	return out
}

// world is a webhook that runs, what is stuck, and the server.
type world struct {
	*server
	now   []alert.Trouble
	codes []int
}

func (w *world) set(grants ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = nil
	for _, g := range grants {
		w.now = append(w.now, alert.Trouble{Grant: g, Since: time.Unix(0, 0), Fault: "a lock", Commands: []string{"az network nsg rule delete"}})
	}
}

func running(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{server: &server{status: 204}}
		hook := &alert.Webhook{
			URL: "https://alerts.example/hook?code=s3cret", Secret: "a secret of many letters", Installation: "prod",
			HTTP: &http.Client{Transport: w.server}, Log: slog.New(slog.DiscardHandler),
			Look: func(context.Context) []alert.Trouble {
				w.mu.Lock()
				defer w.mu.Unlock()
				return slices.Clone(w.now)
			},
			Observe: func(code int) { w.codes = append(w.codes, code) },
		}
		ctx, stop := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { hook.Run(ctx) })
		f(t, w)
		stop()
		done.Wait()
		if len(w.bad) > 0 {
			t.Error(w.bad)
		}
	})
}

func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (w *world) want(t *testing.T, events ...string) {
	t.Helper()
	if got := w.events(); !slices.Equal(got, events) {
		t.Errorf("heard %q, want %q", got, events)
	}
}

func TestStuckIsToldOnceThenDailyThenOver(t *testing.T) {
	running(t, func(t *testing.T, w *world) {
		pass(time.Minute)
		w.want(t)
		w.set("g-7k2qd")
		pass(10 * time.Second)
		w.want(t, "g-7k2qd stuck")
		pass(23 * time.Hour)
		w.want(t, "g-7k2qd stuck")
		pass(2 * time.Hour)
		w.want(t, "g-7k2qd stuck", "g-7k2qd still_stuck")
		w.set()
		pass(10 * time.Second)
		w.want(t, "g-7k2qd stuck", "g-7k2qd still_stuck", "g-7k2qd over")
		a := w.heard
		if a[0].ID != a[1].ID || a[0].ID != a[2].ID || a[0].Installation != "prod" || a[0].Version != 1 || len(a[0].Commands) != 1 || len(a[2].Commands) != 0 {
			t.Errorf("%+v", a)
		}
		w.set("g-7k2qd")
		pass(10 * time.Second)
		w.want(t, "g-7k2qd stuck", "g-7k2qd still_stuck", "g-7k2qd over", "g-7k2qd stuck")
	})
}

// A server that refuses, is slow or says nothing is told again, with a pause that grows to
// five minutes; what is over by then is not told at all.
func TestServerThatFailsIsToldAgain(t *testing.T) {
	for name, fail := range map[string]func(s *server){
		"refuses":   func(s *server) { s.answers(http.StatusInternalServerError, 0) },
		"redirects": func(s *server) { s.answers(http.StatusFound, 0); s.to = "https://elsewhere.example/" },
		"is silent": func(s *server) { s.answers(http.StatusOK, time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			running(t, func(t *testing.T, w *world) {
				fail(w.server)
				w.set("g-7k2qd", "g-22222")
				pass(time.Hour)
				w.want(t)
				if n := len(w.codes); n < 12 || n > 60 {
					t.Errorf("%d attempts in an hour", n)
				}
				w.set("g-7k2qd")
				pass(15 * time.Second)
				w.answers(http.StatusOK, 9*time.Second)
				pass(6 * time.Minute)
				w.want(t, "g-7k2qd stuck")
			})
		})
	}
}

// While it cannot be read what is stuck, nothing is said to be over.
func TestUnreadIsNotOver(t *testing.T) {
	running(t, func(t *testing.T, w *world) {
		w.set("g-7k2qd")
		pass(10 * time.Second)
		w.set("")
		pass(time.Minute)
		w.want(t, "g-7k2qd stuck", " stuck")
		w.set()
		pass(20 * time.Second)
		if got := w.events(); len(got) != 4 {
			t.Errorf("heard %q", got)
		}
	})
}

// The URL, which may hold a secret, is in no error.
func TestURLIsNotLogged(t *testing.T) {
	var log strings.Builder
	synctest.Test(t, func(t *testing.T) {
		hook := &alert.Webhook{
			URL: "https://alerts.example/hook?code=s3cret", Secret: "a secret of many letters", Log: slog.New(slog.NewTextHandler(&log, nil)),
			HTTP: &http.Client{Transport: broken{}}, Look: func(context.Context) []alert.Trouble { return []alert.Trouble{{Grant: "g-22222"}} },
			Observe: func(int) {},
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		hook.Run(ctx)
	})
	if log.Len() == 0 || strings.Contains(log.String(), "s3cret") {
		t.Error(log.String())
	}
}

type broken struct{}

func (broken) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no route to host")
}
