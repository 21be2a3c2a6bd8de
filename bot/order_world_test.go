package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"jitbot/bot/command"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/access"
	"jitbot/jit/lookup"
)

// ledger is which VMs are protected, and what was ever done. It outlives the bots.
type ledger struct {
	mu        sync.Mutex
	protected map[string]bool
	at        map[string]time.Time // when it was asked for that
	done      map[string]bool      // by the word that only one command names
	slow      map[string]time.Duration
}

func newLedger() *ledger {
	return &ledger{protected: map[string]bool{}, at: map[string]time.Time{}, done: map[string]bool{}, slow: map[string]time.Duration{}}
}

// life is one run of the bot: nothing that it does after its crash has an effect.
type life struct {
	*fakeService
	ledger *ledger
	inbox  *fakeInbox
	mu     sync.Mutex
	dead   bool
}

var errCrashed = errors.New("the process is gone")

func (l *life) crash() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = true
}

// alive has f done unless the process is gone.
func (l *life) alive(f func()) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return errCrashed
	}
	f()
	return nil
}

func (l *life) change(ctx context.Context, words []string, f func(vm string) error) ([]access.VMResult, error) {
	token := words[1]
	l.ledger.mu.Lock()
	slow := l.ledger.slow[token]
	l.ledger.mu.Unlock()
	if err := sleep(ctx, slow); err != nil {
		return nil, err
	}
	var no error
	err := l.alive(func() {
		l.ledger.mu.Lock()
		defer l.ledger.mu.Unlock()
		if no = f(path.Base(strings.ToLower(words[0]))); no == nil {
			l.ledger.done[token] = true
		}
	})
	return []access.VMResult{{VM: jit.VM{Name: words[0], Group: "rg"}, Err: no}}, err
}

func (l *life) Admin(context.Context, jit.UserID) error { return nil }

// machinesNamed have their names as ids.
func machinesNamed(words []string) []jit.VM {
	var out []jit.VM
	for _, word := range words {
		out = append(out, jit.VM{ID: word, Name: word})
	}
	return out
}

func (l *life) Offer(_ context.Context, _ jit.UserID, words []string) (lookup.Offer, error) {
	return lookup.Offer{VMs: machinesNamed(words)}, nil
}

func (l *life) ProtectAsOf(
	ctx context.Context, _ jit.UserID, words []string, _ []jit.PortPolicy, asked time.Time,
) ([]access.VMResult, error) {
	return l.change(ctx, words, func(vm string) error {
		l.ledger.protected[vm], l.ledger.at[vm] = true, asked
		return nil
	})
}

func (l *life) UnprotectAsOf(ctx context.Context, _ jit.UserID, words []string, asked time.Time) ([]access.VMResult, error) {
	return l.change(ctx, words, func(vm string) error {
		if !asked.IsZero() && l.ledger.at[vm].After(asked) {
			return jit.Refuse(jit.ErrStale, "It was protected again after that.")
		}
		l.ledger.protected[vm] = false
		return nil
	})
}

func (l *life) Accept(ctx context.Context, key string, payload []byte, now time.Time) (fresh bool, err error) {
	gone := l.alive(func() { fresh, err = l.inbox.Accept(ctx, key, payload, now) })
	return fresh, errors.Join(err, gone)
}

func (l *life) Accepted(ctx context.Context, each func(string, []byte, time.Time) error) error {
	return l.inbox.Accepted(ctx, each)
}

func (l *life) Finish(ctx context.Context, key string, now time.Time) (err error) {
	gone := l.alive(func() { err = l.inbox.Finish(ctx, key, now) })
	return errors.Join(err, gone)
}

// said is what somebody was told of a command when it was acknowledged.
type said int

const (
	nothing said = iota // no ack: it may be done or not
	taken
	unsure
	refused
)

// ordered is a command or click of one person for one VM or one grant.
type ordered struct {
	by    string
	what  string // the VM's own name, or the grant
	word  string // a name that was used for it
	token string
	verb  command.Verb
	click bool // of a button, which is acknowledged with nothing whatever comes of it
	in    string

	sent, acked time.Time
	run         int
	said        said
	again       bool // it came again in another run, after what was said of it was taken
	envelope    string
}

// frame is what Slack sends of it: a form of what protects or denies, a click of a
// button, or a line.
func (c *ordered) frame(o *setup) []byte {
	kind, payload := "interactive", map[string]any(nil)
	switch {
	case c.click:
		payload = c.clicked(o)
	case c.verb == command.VerbDeny:
		payload = c.form(o, view.FormDeny, c.what, map[string]any{"reason": one("reason", c.token)})
	case c.verb == command.VerbProtect:
		named := []string{c.word, c.token}
		words, err := view.PackVMs(view.ShownVMs{Words: named, Are: view.VMsDigest(machinesNamed(named))})
		if err != nil {
			o.t.Fatal(err)
		}
		payload = c.form(o, view.FormProtect, words, map[string]any{
			"port-1": one("port-1", "22"), "protocol-1": one("protocol-1", "tcp"),
			"from-1": one("from-1", "any"), "longest-1": one("longest-1", "90m"),
		})
	default:
		kind, payload = "slash_commands", c.line(o, c.what)
	}
	raw, err := json.Marshal(map[string]any{"type": kind, "envelope_id": c.envelope, "accepts_response_payload": true, "payload": payload})
	if err != nil {
		o.t.Fatal(err)
	}
	return raw
}

// inTurn reports whether when it was acknowledged says when it is done.
func (c *ordered) inTurn() bool { return c.said == taken || c.said == unsure }

// send sends it and keeps what was said.
func (c *ordered) send(o *setup) {
	r, err := o.sim.Deliver(o.ctx, c.frame(o))
	c.acked = time.Now()
	switch {
	case err != nil: // nor does it matter whether it reached anybody
		c.said = nothing
	case strings.Contains(string(r.Payload), "I cannot tell"):
		c.said = unsure
	case len(r.Payload) > 0:
		c.said = refused
	default:
		c.said = taken
	}
}

// next is the state of a VM or a grant after it.
func (c *ordered) next(before string) string {
	switch c.verb {
	case command.VerbProtect:
		return shut
	case command.VerbUnprotect:
		return ""
	case command.VerbApprove, command.VerbDeny, command.VerbCancel:
		if before == string(jit.Pending) {
			return map[command.Verb]string{
				command.VerbApprove: string(jit.Opening), command.VerbDeny: string(jit.Denied), command.VerbCancel: string(jit.Cancelled),
			}[c.verb]
		}
	case command.VerbRevoke, command.VerbDone:
		if before == string(jit.Opening) {
			return string(jit.Closing)
		}
	default:
	}
	return before
}

// ends are the states that a VM or a grant may be in after what was done to it, in the
// order in which it was taken; what nobody knows was done or not.
func ends(all []*ordered, first string) []string {
	states := []string{first}
	for _, c := range all {
		var after []string
		for _, s := range states {
			switch c.said {
			case taken:
				after = append(after, c.next(s))
			case nothing, unsure:
				after = append(after, s, c.next(s))
			case refused:
				after = append(after, s)
			}
		}
		slices.Sort(after)
		states = slices.Compact(after)
	}
	return states
}
