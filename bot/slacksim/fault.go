package slacksim

import (
	"net/http"
	"slices"
	"time"
)

// Fault is what goes wrong with a request. Exactly one field is set.
type Fault struct {
	// RetryAfter answers HTTP 429 with that many whole seconds, at least 1.
	RetryAfter time.Duration
	// Status answers that HTTP status with an HTML page, as Slack's 5xx do.
	Status int
	// BadJSON answers 200 with a cut-off JSON text.
	BadJSON bool
	// Drop closes the connection before the method had an effect.
	Drop bool
	// Lost lets the method have its effect and closes the connection without an answer.
	Lost bool
	// Error answers {"ok":false,"error":…}, "fatal_error" or "edit_window_closed" say.
	Error string

	wait time.Duration
}

type fuse struct {
	method string
	left   int
	fault  Fault
}

// faults is everything that can be switched to go wrong.
type faults struct {
	fuses      []fuse
	latency    map[string]time.Duration
	down       bool
	silent     bool
	helloLoop  bool
	socketsOff bool
	botToken   string
	appToken   string
	limits     bool
	rates      map[string]rate
	used       map[string]time.Time // generic cell rate: when the bucket is full again
}

func newFaults(limits bool) faults {
	return faults{limits: limits, latency: map[string]time.Duration{}, rates: map[string]rate{}, used: map[string]time.Time{}}
}

// FailNext lets the next n requests of a method fail. "*" is any method,
// "respond" a response URL.
func (s *Sim) FailNext(method string, n int, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.fuses = append(s.faults.fuses, fuse{method: method, left: n, fault: f})
}

// ClearFaults takes back everything that FailNext and Latency asked for.
func (s *Sim) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.fuses = nil
	clear(s.faults.latency)
}

// Latency delays every request of a method ("*": of any method without its own).
func (s *Sim) Latency(method string, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.latency[method] = d
}

// Down takes Slack away: every socket is cut, and each request is answered 503
// until Down(false).
func (s *Sim) Down(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.down = down
	if down {
		s.dropSockets()
	}
	s.touch()
}

// DropSockets cuts every socket without a close frame, as a broken network does.
func (s *Sim) DropSockets() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropSockets()
}

// DropSocket cuts one socket, by the number that its envelopes have.
func (s *Sim) DropSocket(number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.sockets[number]; k != nil {
		k.cut()
	}
}

func (s *Sim) dropSockets() {
	for _, k := range s.sockets {
		k.cut()
	}
}

// Silence stops the pings on every socket, and starts them again.
func (s *Sim) Silence(silent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.silent = silent
}

// HelloThenDisconnect makes every new socket end with refresh_requested right
// after its hello, as was seen in public reports of reconnect loops.
func (s *Sim) HelloThenDisconnect(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.helloLoop = on
}

// SetScopes replaces the bot token's scopes.
func (s *Sim) SetScopes(scopes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opt.BotScopes = slices.Clone(scopes)
}

// SetAppScopes replaces the app-level token's scopes.
func (s *Sim) SetAppScopes(scopes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opt.AppScopes = slices.Clone(scopes)
}

// SetBotToken makes every call with the bot token fail with an error such as
// token_revoked or account_inactive; empty makes the token good again.
func (s *Sim) SetBotToken(err string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.botToken = err
}

// SetAppToken is SetBotToken for the app-level token.
func (s *Sim) SetAppToken(err string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.appToken = err
}

// meet is the fault that this request meets.
func (s *Sim) meet(method string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait, ok := s.faults.latency[method]
	if !ok {
		wait = s.faults.latency["*"]
	}
	f := Fault{}
	if s.faults.down {
		f.Status = http.StatusServiceUnavailable
	} else {
		for i := range s.faults.fuses {
			u := &s.faults.fuses[i]
			if u.left > 0 && (u.method == method || u.method == "*") {
				u.left--
				f = u.fault
				break
			}
		}
	}
	f.wait = wait
	return f
}

// delay waits out a latency; false: the client or the simulator has gone.
func (s *Sim) delay(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	case <-s.done:
		return false
	}
}

func (f Fault) status() int {
	switch {
	case f.RetryAfter > 0:
		return http.StatusTooManyRequests
	case f.Status != 0:
		return f.Status
	case f.Drop:
		return 0
	}
	return http.StatusOK
}

// answers reports whether the fault comes in place of the method.
func (f Fault) answers() bool {
	return f.RetryAfter > 0 || f.Status != 0 || f.BadJSON || f.Error != "" || f.Drop
}

// before plays the faults that come in place of the method.
func (f Fault) before(w http.ResponseWriter) {
	switch {
	case f.RetryAfter > 0:
		writeLimited(w, max(1, int((f.RetryAfter+time.Second-1)/time.Second)))
	case f.Status != 0:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(f.Status)
		_, _ = w.Write([]byte("<!DOCTYPE html><html><head><title>Server Error | Slack</title></head><body>Something went awry.</body></html>"))
	case f.BadJSON:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write([]byte(`{"ok":true,"channel":"C0`))
	case f.Error != "":
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(encode(object{"ok": false, "error": f.Error}))
	case f.Drop:
		abort(w)
	}
}

// abort ends the connection without an answer. A writer that cannot be hijacked
// (HTTP/2) is aborted the way net/http offers, which its server does not log.
func abort(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_ = conn.Close()
}
