package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"jitbot/jit"
)

const (
	silence     = 30 * time.Second // what says nothing for longer is given up
	maxPage     = 2000             // events an answer
	refuseEvery = time.Minute      // how often a refusal is recorded
	maxRequests = 16               // at a time
)

// Server answers at the socket.
type Server struct {
	// Session is that of somebody who may enter.
	Session func(by jit.UserID) Session
	// Refused is told of somebody who may not, once a minute at most.
	Refused func(ctx context.Context, by jit.UserID)
	Log     *slog.Logger

	mu      sync.Mutex // guards refused
	refused time.Time  // when a refusal was recorded last
}

// Listen makes the socket, readable and writable by its owner only. One that a bot
// which was killed left is replaced: whoever calls it holds the store.
func Listen(ctx context.Context, path string) (net.Listener, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() != fs.ModeSocket {
		return nil, fmt.Errorf("%s is no socket; move it away, so that host commands reach the bot", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("removing the socket that was left: %w", err)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("making the socket for host commands: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("closing the socket to others: %w", err), l.Close())
	}
	return l, nil
}

// who is the key of the account in a request's context.
type who struct{}

// account is who is at the other end, or why that is not known.
type account struct {
	uid uint32
	err error
}

// Serve answers until ctx ends. Answers that are under way then are cut off.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: s.handler(), ReadHeaderTimeout: silence, IdleTimeout: silence, MaxHeaderBytes: 1 << 14,
		ErrorLog:    slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			a := account{err: errors.New("not a socket of this machine")}
			if u, ok := c.(patient).Conn.(*net.UnixConn); ok {
				a.uid, a.err = peer(u)
			}
			return context.WithValue(ctx, who{}, a)
		},
	}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })() // its answers are worth no waiting
	if err := server.Serve(patientListener{l}); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("answering host commands: %w", err)
	}
	return nil
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	answer(mux, "GET /v1/status", func(r *http.Request, h Session) (any, error) { return h.Status(r.Context()) })
	answer(mux, "GET /v1/grants/{id}", func(r *http.Request, h Session) (any, error) {
		return h.Grant(r.Context(), jit.ID(r.PathValue("id")))
	})
	answer(mux, "POST /v1/grants/{id}/end", func(r *http.Request, h Session) (any, error) {
		return h.End(r.Context(), jit.ID(r.PathValue("id")))
	})
	answer(mux, "POST /v1/end", func(r *http.Request, h Session) (any, error) {
		ended, err := h.EndAll(r.Context())
		return page[Grant]{Items: ended}.with(err), nil
	})
	answer(mux, "POST /v1/copied", func(r *http.Request, h Session) (any, error) {
		return struct{}{}, h.Copied(r.Context(), r.URL.Query().Get("what"))
	})
	answer(mux, "GET /v1/sealed", func(r *http.Request, h Session) (any, error) { return h.Sealed(r.Context()) })
	answer(mux, "GET /v1/last", func(r *http.Request, h Session) (any, error) { return h.Last(r.Context()) })
	answer(mux, "GET /v1/events", func(r *http.Request, h Session) (any, error) {
		after, err := strconv.ParseUint(r.URL.Query().Get("after"), 10, 64)
		if err != nil {
			return nil, jit.Refuse(jit.ErrInput, "%s is no number of a line.", r.URL.Query().Get("after"))
		}
		events, err := h.Events(r.Context(), after, maxPage)
		return page[jit.Event]{Items: events}.with(err), nil
	})
	mux.HandleFunc("GET /v1/backup", func(w http.ResponseWriter, r *http.Request) {
		if err := session(r).Backup(r.Context(), w); err != nil {
			s.Log.WarnContext(r.Context(), "a backup was cut off", slog.Any("error", err))
			panic(http.ErrAbortHandler) // so that nobody takes half a file for a whole one
		}
	})
	return s.admit(mux)
}

// page is a list of which more may follow, with why it is not longer.
type page[T any] struct {
	Items []T    `json:"items"`
	Fault *Fault `json:"fault,omitempty"`
}

func (p page[T]) with(err error) page[T] {
	if err != nil {
		p.Fault, _ = faultOf(err)
	}
	return p
}

// key is that of the session in a request's context.
type key struct{}

func session(r *http.Request) Session {
	h, _ := r.Context().Value(key{}).(Session)
	return h
}

// admit lets in whom the kernel says has the bot's own account or is root.
func (s *Server) admit(next http.Handler) http.Handler {
	places := make(chan struct{}, maxRequests)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		places <- struct{}{}
		defer func() { <-places }()
		a, ok := r.Context().Value(who{}).(account)
		switch {
		case !ok || a.err != nil:
			reply(w, nil, jit.Refuse(jit.ErrAuthority, "Who you are on this machine cannot be told: %s.", fmt.Sprint(a.err)))
			return
		case !mayEnter(a.uid, uint32(os.Geteuid())):
			s.refuse(r.Context(), User(a.uid))
			reply(w, nil, jit.Refuse(jit.ErrAuthority, "%s is not the account that jitbot runs as; run this as that one, or as root.", User(a.uid)))
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, s.Session(User(a.uid)))))
	})
}

// refuse says and records that somebody was refused.
func (s *Server) refuse(ctx context.Context, by jit.UserID) {
	s.Log.WarnContext(ctx, "somebody of another account was refused at the socket", slog.String("by", string(by)))
	s.mu.Lock()
	due := time.Since(s.refused) >= refuseEvery
	if due {
		s.refused = time.Now()
	}
	s.mu.Unlock()
	if due {
		s.Refused(ctx, by)
	}
}

// answer serves what f gives, as JSON.
func answer(mux *http.ServeMux, pattern string, f func(*http.Request, Session) (any, error)) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		v, err := f(r, session(r))
		reply(w, v, err)
	})
}

func reply(w http.ResponseWriter, v any, err error) {
	status := http.StatusOK
	if err != nil {
		v, status = faultOf(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // whoever asked may be gone
}

// patientListener gives connections that end after a silence.
type patientListener struct{ net.Listener }

func (l patientListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return patient{c}, err
}

// patient is a connection on which nothing is waited for longer than the silence.
type patient struct{ net.Conn }

func (c patient) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(silence)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

func (c patient) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(silence)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

var _ io.ReadWriter = patient{}
