package slacksim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// What the actions of a person can meet. Test with errors.Is.
var (
	// ErrTimeout: the app did not acknowledge within Options.AckTimeout. Slack
	// shows operation_timeout for a slash command and a warning triangle for a click.
	ErrTimeout = errors.New("operation_timeout")
	// ErrDispatchFailed: the app has no open socket.
	ErrDispatchFailed = errors.New("dispatch_failed")
	// ErrTrouble: the app's answer to a modal was not valid; the person reads
	// "We had some trouble connecting. Try again?".
	ErrTrouble = errors.New("we had some trouble connecting")
	// ErrUnknown: no such person, channel, message, view, button or option.
	ErrUnknown = errors.New("not in the workspace")
	// ErrCannotAct: Slack's own client would not let this person do that.
	ErrCannotAct = errors.New("not possible for this person")
	// ErrClosed: the simulator was closed.
	ErrClosed = errors.New("simulator closed")
)

// Sim is a workspace with one app installed. Make it with New; it serves HTTP
// until Close.
type Sim struct {
	mu      sync.Mutex
	opt     Options
	base    string // the address of the latest request, used while Options.URL is empty
	rng     *rand.Rand
	methods map[string]method
	lastTS  int64

	users      map[string]User
	channels   map[string]*channel
	groups     map[string]Group
	messages   []*message
	ephemerals []*message
	views      map[string]*view
	stacks     map[string][]string // user id to the ids of the open modals, root first
	homes      map[string]*view
	troubles   []Trouble

	triggers   map[string]*trigger
	responders map[string]*responder
	tickets    map[string]bool
	sockets    map[int]*socket
	nextSocket int
	pending    map[string][]*pending // more than one when an envelope was repeated
	envelopes  []*pending
	calls      []Call
	faults     faults

	rev     uint64
	changed chan struct{}
	subs    map[chan uint64]struct{}

	done   chan struct{}
	closed bool
	wg     sync.WaitGroup
}

// New makes an empty workspace: nobody in it but the app's bot user and
// Slackbot. SeedDemo fills it.
func New(opt Options) *Sim {
	opt = opt.withDefaults()
	s := &Sim{
		opt: opt, rng: rand.New(rand.NewPCG(opt.Seed, 0x51acc)), methods: methodTable(),
		users: map[string]User{}, channels: map[string]*channel{}, groups: map[string]Group{},
		views: map[string]*view{}, stacks: map[string][]string{}, homes: map[string]*view{},
		triggers: map[string]*trigger{}, responders: map[string]*responder{},
		tickets: map[string]bool{}, sockets: map[int]*socket{}, pending: map[string][]*pending{},
		faults:  newFaults(!opt.NoRateLimits),
		changed: make(chan struct{}), subs: map[chan uint64]struct{}{}, done: make(chan struct{}),
	}
	s.users[opt.BotUserID] = User{
		ID: opt.BotUserID, TeamID: opt.TeamID, Name: opt.BotName, RealName: opt.BotName, Bot: true,
	}
	s.users["USLACKBOT"] = User{ID: "USLACKBOT", TeamID: opt.TeamID, Name: "slackbot", RealName: "Slackbot"}
	return s
}

// Options are the settings in force, defaults filled in.
func (s *Sim) Options() Options {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opt.clone()
}

// SetURL says under which address clients reach the handler, without a trailing
// slash. See Options.URL.
func (s *Sim) SetURL(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opt.URL = strings.TrimRight(url, "/")
}

// ServeHTTP serves /api/, /link/ and /respond/.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	s.base = scheme + r.Host
	s.mu.Unlock()
	switch {
	case strings.HasPrefix(r.URL.Path, "/api/"):
		s.serveAPI(w, r)
	case strings.HasPrefix(r.URL.Path, "/link"):
		s.serveLink(w, r)
	case strings.HasPrefix(r.URL.Path, "/respond/"):
		s.serveRespond(w, r)
	default:
		http.NotFound(w, r)
	}
}

// Close ends the sockets and every goroutine of the simulator and waits for
// them. Actions that wait return ErrClosed. It may be called twice.
func (s *Sim) Close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
		for _, k := range s.sockets {
			k.end()
		}
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// spawn runs f in a goroutine that Close waits for. Called with the lock held,
// so that no goroutine starts after Close began to wait.
func (s *Sim) spawn(f func()) bool {
	if s.closed {
		return false
	}
	s.wg.Go(f)
	return true
}

// pause waits, and reports false when the simulator was closed meanwhile.
func (s *Sim) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.done:
		return false
	}
}

func (s *Sim) url() string {
	if s.opt.URL != "" {
		return s.opt.URL
	}
	return s.base
}

const idLetters = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"

// newID makes an id in Slack's form. Called with the lock held.
func (s *Sim) newID(prefix string) string {
	b := []byte(prefix + "0")
	for range 9 {
		b = append(b, idLetters[s.rng.IntN(len(idLetters))])
	}
	return string(b)
}

func (s *Sim) newUUID() string {
	a, b := s.rng.Uint64(), s.rng.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0x3fff|0x8000, b&0xffffffffffff)
}

// newTS makes a message timestamp: seconds with six digits, never twice the
// same. Called with the lock held.
func (s *Sim) newTS() string {
	now := max(time.Now().UnixMicro(), s.lastTS+1)
	s.lastTS = now
	return fmt.Sprintf("%d.%06d", now/1e6, now%1e6)
}
