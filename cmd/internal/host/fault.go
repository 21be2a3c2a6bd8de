package host

import (
	"errors"
	"net/http"

	"jitbot/jit"
)

// Fault is what the bot answered in place of what was asked for: one sentence.
type Fault struct {
	Text string `json:"error"`
	Kind string `json:"kind"` // of kinds; empty for what is none of them
}

// Error implements error.
func (f *Fault) Error() string { return f.Text }

// Unwrap gives the kind.
func (f *Fault) Unwrap() error {
	for _, k := range kinds() {
		if k.word == f.Kind {
			return k.err
		}
	}
	return nil
}

// kind is how a kind of error goes over the socket.
type kind struct {
	word   string
	err    error
	status int
}

// kinds are those that a command tells apart, the first that fits counts.
func kinds() []kind {
	return []kind{
		{"not_found", jit.ErrNotFound, http.StatusNotFound},
		{"authority", jit.ErrAuthority, http.StatusForbidden},
		{"input", jit.ErrInput, http.StatusBadRequest},
		{"stale", jit.ErrStale, http.StatusConflict},
		{"damaged", jit.ErrDamaged, http.StatusInternalServerError},
		{"busy", jit.ErrBusy, http.StatusServiceUnavailable},
	}
}

// faultOf is the error as it goes over the socket. The machine's owner may read all
// of it.
func faultOf(err error) (*Fault, int) {
	f := &Fault{Text: err.Error()}
	if no := new(jit.Refusal); errors.As(err, &no) {
		f.Text = no.Error()
	}
	for _, k := range kinds() {
		if errors.Is(err, k.err) {
			f.Kind = k.word
			return f, k.status
		}
	}
	return f, http.StatusInternalServerError
}
