package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"jitbot/cmd/internal/config"
	"jitbot/cmd/internal/host"
	"jitbot/jit"
	"jitbot/jit/access"
	"jitbot/jit/admission"
	"jitbot/jit/azure"
	"jitbot/jit/protection"
	"jitbot/jit/rules"
	"jitbot/jit/sweep"
	"jitbot/store"
	"jitbot/store/bolt"
	"jitbot/store/segment"
)

// Host is the way to the bot for somebody on its machine: through its socket where it
// runs, else to its store.
type Host struct {
	host.Session
	segments string   // the folder of the record's segments
	stopped  *stopped // nil while a bot runs
	close    func() error
}

// stopped is what is done in the place of a bot that does not run.
type stopped struct {
	Options
	store *bolt.Store
}

// idle is a loop that does not run.
type idle struct{}

func (idle) Kick()          {}
func (idle) Touch([]string) {}

func (idle) HoldRewrite(jit.Grant) string { return "jitbot does not run" }

func (idle) Protect(context.Context, string, func(protection.Protection) (protection.Protection, []jit.Event)) error {
	return errors.New("no loop runs")
}

// OpenHost finds the bot that runs with the store, or else opens the store, as the
// account that this process has. Errors of the store are those of bolt.Open.
func OpenHost(ctx context.Context, o Options) (*Host, error) {
	o = o.withDefaults()
	client, s, err := find(ctx, o.Config.Store)
	for begun := time.Now(); errors.Is(err, store.ErrInUse) && time.Since(begun) < startsWithin; {
		client, s, err = find(ctx, o.Config.Store) // a bot that starts has no socket yet
	}
	switch {
	case errors.Is(err, store.ErrInUse):
		return nil, fmt.Errorf("a bot runs with the store %s and has no socket at %s: end that process and start it again, "+
			"and meanwhile \"jitbot sweep\" closes what is due: %w", o.Config.Store, host.Path(o.Config.Store), store.ErrInUse)
	case err != nil:
		return nil, err
	case client != nil:
		return &Host{Session: client, segments: segment.Dir(o.Config.Store), close: client.Close}, nil
	}
	if err := sameInstallation(ctx, s, o.Config.Jit.Installation); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	checks := admission.NewChecker(o.Config.Jit, admission.Adapters{Grants: s, Protections: s, Record: s, Names: s, Log: o.Log})
	by := host.User(uint32(os.Geteuid()))
	session := hostSession{by: by, service: access.New(checks, s, idle{}), store: s}
	return &Host{Session: session, segments: segment.Dir(o.Config.Store), stopped: &stopped{Options: o, store: s}, close: s.Close}, nil
}

// startsWithin is how long a bot that holds the store may take to have its socket.
const startsWithin = 3 * time.Second

// find gives the bot that runs with the store, or else the store, opened.
func find(ctx context.Context, path string) (*host.Client, *bolt.Store, error) {
	client, err := host.Dial(ctx, path)
	if err == nil || !errors.Is(err, host.ErrNoBot) {
		return client, nil, err //nolint:wrapcheck // a sentence already
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, missingStore(path)
	}
	s, err := bolt.Open(ctx, path, bolt.Options{})
	return nil, s, err // a sentence already
}

// missingStore is the path of a store that is not there. It is an fs.ErrNotExist.
type missingStore string

// Error implements error.
func (path missingStore) Error() string {
	return fmt.Sprintf("there is no store %s, so jitbot has not run with this configuration; "+
		"if it runs with another one, name that with --config (\"store:\" in it says where, %s without it)", string(path), config.DefaultStore)
}

// Unwrap gives the kind.
func (missingStore) Unwrap() error { return fs.ErrNotExist }

// sameInstallation refuses a store whose rules have another name: none of them would be
// found, and all be taken for gone.
func sameInstallation(ctx context.Context, s *bolt.Store, name string) error {
	kept, err := s.Bind(ctx, "installation", name)
	if err == nil && kept != name {
		err = fmt.Errorf("the store belongs to installation %s and the configuration says %s; name the right configuration with --config",
			kept, name)
	}
	return err
}

// Close gives the connection or the store back.
func (h *Host) Close() error { return h.close() }

// Running reports whether a bot runs, which closes what is ending.
func (h *Host) Running() bool { return h.stopped == nil }

const lookAtGrant = 250 * time.Millisecond

// AwaitGone waits until nothing of the grant can be open any more, or ctx ends, and
// gives it as it is then. Where no bot runs it closes the grant itself, and the error
// says why it could not.
func (h *Host) AwaitGone(ctx context.Context, id jit.ID) (host.Grant, error) {
	if h.stopped != nil {
		err := h.stopped.closeGrant(ctx, id)
		g, readErr := h.Grant(context.WithoutCancel(ctx), id)
		return g, errors.Join(err, readErr)
	}
	for {
		g, err := h.Grant(ctx, id)
		if err != nil || g.Gone() {
			return g, err
		}
		select {
		case <-time.After(lookAtGrant):
		case <-ctx.Done():
			return g, nil
		}
	}
}

// ByHand is how a grant is closed without jitbot: a command a rule. It is known only
// where the store is open.
func (h *Host) ByHand(ctx context.Context, id jit.ID) string {
	if h.stopped == nil {
		return ""
	}
	g, err := h.stopped.store.Grant(ctx, id)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(closingCommands(g, h.stopped.Config.Jit.Installation), "\n")
}

// closeGrant removes the rules of a grant that is closing, and stores that they are
// gone once all its guards were read back without.
func (s *stopped) closeGrant(ctx context.Context, id jit.ID) error {
	g, err := s.store.Grant(ctx, id)
	if err != nil || g.State != jit.Closing {
		return err
	}
	guards := g.Guards()
	if len(guards) == 0 {
		guards = []string{""} // nothing was ever written
	} else if err := s.removeRules(ctx, g, guards); err != nil {
		return err
	}
	for _, guard := range guards {
		_, err := s.store.Update(ctx, id, func(g jit.Grant) (jit.Grant, []jit.Event, error) { return g.ConfirmClosed(guard, time.Now()) })
		if err != nil {
			return fmt.Errorf("storing that %s is closed: %w", id, err)
		}
	}
	return nil
}

// removeRules is nil when no rule of the grant is left in its guards.
func (s *stopped) removeRules(ctx context.Context, g jit.Grant, guards []string) error {
	client, err := s.AzureClient(nil)
	if err != nil {
		return err
	}
	owner := s.owner().Knowing("", []jit.Grant{g}, nil)
	found, err := sweep.Grant(ctx, client, owner, g.ID, guards)
	if err := errors.Join(err, leftOf(found)); err != nil {
		return err
	}
	gone, err := sweep.Gone(ctx, client, owner, g.ID, guards)
	if err == nil && !gone {
		err = errors.New("Azure has not finished yet") //nolint:staticcheck // a name
	}
	return err
}

func (o Options) owner() rules.Owner {
	return rules.Owner{Installation: o.Config.Jit.Installation, Bands: o.Config.Jit.Bands}
}

// leftOf says which of the rules are still there.
func leftOf(found []sweep.Rule) error {
	var left []error
	for _, r := range found {
		if r.Outcome != sweep.Removed {
			left = append(left, fmt.Errorf("%s", r))
		}
	}
	return errors.Join(left...)
}

// CloseUnstored removes the rules of a grant from every guard that the configuration
// names, where the store cannot be read: nothing is stored of it. It gives a line a
// rule; the error says what is or may be left.
func CloseUnstored(ctx context.Context, o Options, id jit.ID) ([]string, error) {
	o = o.withDefaults()
	if !id.Valid() {
		return nil, jit.Refuse(jit.ErrInput, "%s is no grant; a grant is named like g-7k2qd.", string(id))
	}
	client, err := o.AzureClient(nil)
	if err != nil {
		return nil, err
	}
	found, err := sweep.Grant(ctx, client, o.owner(), id, nil)
	lines := make([]string, 0, len(found))
	for _, r := range found {
		lines = append(lines, r.String())
	}
	return lines, errors.Join(err, leftOf(found), hiddenFirewalls(client))
}

// hiddenFirewalls says that a firewall may be there that Azure does not show.
func hiddenFirewalls(client *azure.Client) error {
	if hidden := client.FirewallsUnread(); hidden != nil {
		return fmt.Errorf("firewalls are not looked at where Azure does not show them: %w", hidden)
	}
	return nil
}
