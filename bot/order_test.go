package bot_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"jitbot/bot/command"
	"jitbot/bot/slacksim"
	"jitbot/jit"
)

// orderWorld is people who command, one bot after another, and a disk.
type orderWorld struct {
	*setup
	draw   *rapid.T
	ledger *ledger
	heard  *heard
	all    []*ordered
	flying sync.WaitGroup

	mu       sync.Mutex
	answered []*ordered

	life *life
	disk *disk
	halt func()
	runs int
}

// However commands, forms, clicks, restarts, crashes and late commits follow each other, each
// VM and grant ends as if its commands had been done in the order in which they were
// taken, and nothing is done that was told not to be.
func TestWhatIsTakenIsDoneInItsOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rapid.SyncTest(r, func(r *rapid.T) {
			w := &orderWorld{setup: newBubbled(r, slacksim.Options{NoRateLimits: true}), draw: r, ledger: newLedger()}
			w.conf.PerPerson = rapid.SampledFrom([]int{1000, 3}).Draw(r, "a minute")
			w.heard = &heard{next: w.conf.HTTP.Transport, of: map[string][]string{}}
			w.conf.HTTP = &http.Client{Transport: w.heard}
			w.requests()
			w.start()
			for range rapid.IntRange(2, 14).Draw(r, "steps") {
				w.step()
			}
			w.flying.Wait()
			w.restart(false)
			time.Sleep(10 * time.Minute)
			w.check()
			w.halt()
		})
	})
}

// Of what nobody knew whether it was stored nothing is left to be done after what was
// asked for next, whenever the disk works again; also where it was too much in a minute.
func TestWhatMayBeStoredIsNotDoneAfterWhatCameNext(t *testing.T) {
	for name, c := range map[string]struct{ before, failing int }{
		"in its turn": {0, 20}, "too much": {3, 25}, "in its turn, for over a minute": {0, 80}, "too much, for over a minute": {3, 80},
	} {
		for after := range 9 {
			t.Run(fmt.Sprint(name, " ", after), func(t *testing.T) {
				failing := time.Duration(c.failing)*time.Second + time.Duration(after)*500*time.Millisecond
				synctest.Test(t, func(t *testing.T) { testMayBeStored(t, c.before, failing) })
			})
		}
	}
}

func testMayBeStored(t *testing.T, before int, failing time.Duration) {
	w := &orderWorld{setup: newBubbled(t, slacksim.Options{NoRateLimits: true}), ledger: newLedger()}
	w.conf.PerPerson = 3
	w.heard = &heard{next: w.conf.HTTP.Transport, of: map[string][]string{}}
	w.conf.HTTP = &http.Client{Transport: w.heard}
	w.start()
	deliver := func(verb command.Verb, vm string, f fate) {
		n := len(w.all)
		w.deliver(&ordered{
			by: adaID, token: fmt.Sprint("token-", n), envelope: fmt.Sprint("envelope-", n), sent: time.Now(), run: w.runs,
			verb: verb, what: vm, word: vm, click: verb == command.VerbUnprotect, in: directMessage,
		}, f, 0)
		time.Sleep(300 * time.Millisecond)
	}
	for range before {
		deliver(command.VerbProtect, "ada-2", fate{})
	}
	w.disk.finishes(false)
	deliver(command.VerbProtect, "ada-1", fate{err: errDisk, stored: 200 * time.Millisecond})
	time.Sleep(failing)
	w.disk.finishes(true)
	deliver(command.VerbUnprotect, "ada-1", fate{})
	w.restart(false)
	w.flying.Wait()
	time.Sleep(10 * time.Minute)
	w.check()
	w.halt()
}

func (w *orderWorld) start() {
	w.runs++
	w.life = &life{fakeService: w.service, ledger: w.ledger, inbox: w.inbox}
	w.disk = &disk{Inbox: w.life}
	w.conf.Service, w.conf.Inbox = w.life, w.disk
	_, w.halt = w.open()
}

// restart ends the bot in order, or as a crash does, and begins another.
func (w *orderWorld) restart(crash bool) {
	if crash {
		w.life.crash()
	}
	w.halt()
	w.life.crash() // the file is closed: what is not stored by now never is
	w.start()
}

func (w *orderWorld) step() {
	switch rapid.SampledFrom([]string{
		"command", "command", "command", "click", "click", "pass", "long", "repeat", "restart", "crash",
	}).Draw(w.draw, "step") {
	case "command":
		w.command()
	case "click":
		w.click()
	case "long":
		time.Sleep(80 * time.Second)
	case "pass":
		time.Sleep(time.Duration(rapid.IntRange(1, 4000).Draw(w.draw, "ms")) * time.Millisecond)
	case "repeat":
		w.repeat()
	case "restart":
		w.restart(false)
	case "crash":
		w.restart(true)
	}
	time.Sleep(time.Duration(rapid.SampledFrom([]int{1, 1, 50}).Draw(w.draw, "between")) * time.Millisecond)
}

// requests are those that people click at, each one's own, so that there is an order.
func (w *orderWorld) requests() {
	for _, id := range []jit.ID{"g-2222a", "g-2222b", "g-2222c", "g-2222d"} {
		g := w.another(id)
		g.Request.By.ID, g.Clock.Lapse = linusID, time.Now().Add(24*time.Hour)
		w.service.put(g)
	}
}

func (w *orderWorld) command() {
	c := w.ordered()
	c.verb = rapid.SampledFrom([]command.Verb{command.VerbProtect, command.VerbUnprotect}).Draw(w.draw, "verb")
	c.what = fmt.Sprintf("%s-%d", map[string]string{adaID: "ada", graceID: "grace"}[c.by], rapid.IntRange(1, 2).Draw(w.draw, "vm"))
	c.word = rapid.SampledFrom([]string{"", "rg/"}).Draw(w.draw, "name") + c.what
	c.click, c.in = c.verb == command.VerbUnprotect, directMessage
	w.send(c, c.token)
}

// click presses a button of a card or a direct message, or does the same by a form or
// a line.
func (w *orderWorld) click() {
	c := w.ordered()
	c.verb = rapid.SampledFrom(clicks()).Draw(w.draw, "verb")
	c.what = rapid.SampledFrom(map[string][]string{adaID: {"g-2222a", "g-2222b"}, graceID: {"g-2222c", "g-2222d"}}[c.by]).Draw(w.draw, "grant")
	c.in = rapid.SampledFrom([]string{approvals, directMessage}).Draw(w.draw, "in")
	typed := c.verb != command.VerbApprove && rapid.Bool().Draw(w.draw, "typed")
	c.click = c.verb != command.VerbDeny && !typed
	w.send(c, c.what)
}

func (w *orderWorld) ordered() *ordered {
	n := len(w.all)
	return &ordered{
		by: rapid.SampledFrom([]string{adaID, graceID}).Draw(w.draw, "by"), token: fmt.Sprint("token-", n), envelope: fmt.Sprint("envelope-", n),
		sent: time.Now(), run: w.runs,
	}
}

// send has Slack deliver it over the disk as it is then. What is slow is known by a
// name.
func (w *orderWorld) send(c *ordered, slow string) {
	pause := time.Duration(rapid.SampledFrom([]int{0, 0, 100, 5000}).Draw(w.draw, "slow")) * time.Millisecond // panics where no more is drawn
	w.ledger.mu.Lock()
	w.ledger.slow[slow] = pause
	w.ledger.mu.Unlock()
	f := rapid.SampledFrom([]fate{
		{},
		{},
		{},
		{after: 100 * time.Millisecond},
		{after: 2500 * time.Millisecond},
		{after: time.Second, err: errDisk},
		{after: 4 * time.Second, err: errDisk},
		{err: errDisk, stored: 200 * time.Millisecond},
		{err: errDisk, stored: 8 * time.Second},
	}).Draw(w.draw, "fate")
	w.deliver(c, f, rapid.SampledFrom([]int{0, 0, 0, 2, 12}).Draw(w.draw, "unfinished"))
}

// deliver has Slack deliver it over a disk that takes it so, and then cannot finish
// anything so often.
func (w *orderWorld) deliver(c *ordered, f fate, unfinished int) {
	w.disk.next(f, unfinished)
	w.all = append(w.all, c)
	w.flying.Go(func() {
		c.send(w.setup)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.answered = append(w.answered, c)
	})
}

// repeat has Slack deliver again what was answered: what was not is another command,
// which comes later.
func (w *orderWorld) repeat() {
	w.listen()
	w.mu.Lock()
	known := slices.DeleteFunc(slices.Clone(w.answered), func(c *ordered) bool {
		return c.said == nothing || c.said == unsure && c.run != w.runs
	})
	w.mu.Unlock()
	if len(known) == 0 {
		return
	}
	c := known[rapid.IntRange(0, len(known)-1).Draw(w.draw, "again")]
	c.again = c.again || c.run != w.runs
	w.flying.Go(func() { // a crash may leave it unanswered
		r, err := w.sim.Repeat(w.ctx, c.envelope)
		if err == nil && c.said == taken && strings.Contains(string(r.Payload), tooMuch) {
			w.t.Errorf("%s was taken, and its repeat is told to be too much", c.token)
		}
	})
}

// listen takes what was told of the clicks that were acknowledged; not of their repeats in
// another run, which says that something broke when it cannot read what the first one took.
func (w *orderWorld) listen() {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.answered {
		if c.click && c.said == taken && !c.again {
			c.said = w.heard.told(c.token)
		}
	}
}

func (w *orderWorld) check() {
	w.listen()
	of := map[string][]*ordered{}
	for _, c := range w.all {
		of[c.what] = append(of[c.what], c)
		if c.said == refused && w.ledger.done[c.token] {
			w.t.Errorf("%s was told not to be taken, and was done", c.token)
		}
	}
	for what, all := range of {
		first, got := "", w.state(what)
		if jit.ID(what).Valid() {
			first = string(jit.Pending)
		}
		if want := ends(all, first); !slices.Contains(want, got) {
			w.t.Errorf("%s is %q at last, not one of %q", what, got, want)
		}
		for i, c := range all {
			if c.said == unsure && w.conf.PerPerson < 1000 {
				continue // it may have been too much in a minute, and keeps nobody waiting
			}
			for _, later := range all[i+1:] {
				if c.run == later.run && c.inTurn() && later.inTurn() && c.acked.After(later.acked) {
					w.t.Errorf("%s was acknowledged before %s, which came before it", later.token, c.token)
				}
			}
		}
	}
	if w.inbox.waiting() != 0 {
		w.t.Errorf("%d deliveries wait", w.inbox.waiting())
	}
}

// state is that of a VM or a grant.
func (w *orderWorld) state(what string) string {
	if id := jit.ID(what); id.Valid() {
		return string(w.grant(id).State)
	}
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	if w.ledger.protected[what] {
		return shut
	}
	return ""
}
