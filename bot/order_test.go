package bot_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"jitbot/bot/slacksim"
)

// orderWorld is people who command, one bot after another, and a disk.
type orderWorld struct {
	*setup
	draw   *rapid.T
	ledger *ledger
	all    []*ordered
	flying sync.WaitGroup

	mu       sync.Mutex
	answered []*ordered

	life *life
	disk *disk
	halt func()
	runs int
}

// However commands, forms, restarts, crashes and late commits follow each other, each
// VM ends as if its commands had been done in the order in which they were taken, and
// nothing is done that was told not to be.
func TestWhatIsTakenIsDoneInItsOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rapid.SyncTest(r, func(r *rapid.T) {
			w := &orderWorld{setup: newBubbled(r, slacksim.Options{NoRateLimits: true}), draw: r, ledger: &ledger{
				protected: map[string]bool{}, at: map[string]time.Time{}, done: map[string]bool{}, slow: map[string]time.Duration{},
			}}
			w.conf.PerPerson = 1000
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
	switch rapid.SampledFrom([]string{"command", "command", "command", "pass", "repeat", "restart", "crash"}).Draw(w.draw, "step") {
	case "command":
		w.command()
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

func (w *orderWorld) command() {
	n := len(w.all)
	c := &ordered{
		by:    rapid.SampledFrom([]string{adaID, graceID}).Draw(w.draw, "by"),
		token: fmt.Sprint("token-", n), envelope: fmt.Sprint("envelope-", n),
		shut: rapid.Bool().Draw(w.draw, "shut"), sent: time.Now(), run: w.runs,
	}
	c.vm = fmt.Sprintf("%s-%d", map[string]string{adaID: "ada", graceID: "grace"}[c.by], rapid.IntRange(1, 2).Draw(w.draw, "vm"))
	c.word = rapid.SampledFrom([]string{"", "rg/"}).Draw(w.draw, "name") + c.vm
	w.ledger.mu.Lock()
	w.ledger.slow[c.token] = time.Duration(rapid.SampledFrom([]int{0, 0, 100, 5000}).Draw(w.draw, "slow")) * time.Millisecond
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
	w.disk.next(f, rapid.SampledFrom([]int{0, 0, 0, 2}).Draw(w.draw, "unfinished"))
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
	w.mu.Lock()
	known := slices.DeleteFunc(slices.Clone(w.answered), func(c *ordered) bool {
		return c.said == nothing || c.said == unsure && c.run != w.runs
	})
	w.mu.Unlock()
	if len(known) == 0 {
		return
	}
	c := known[rapid.IntRange(0, len(known)-1).Draw(w.draw, "again")]
	w.flying.Go(func() { _, _ = w.sim.Repeat(w.ctx, c.envelope) }) // a crash may leave it unanswered
}

func (w *orderWorld) check() {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	of := map[string][]*ordered{}
	for _, c := range w.all {
		of[c.vm] = append(of[c.vm], c)
		if c.said == refused && w.ledger.done[c.token] {
			w.t.Errorf("%s was told not to be taken, and was done", c.token)
		}
	}
	for vm, all := range of {
		if got := w.ledger.protected[vm]; !slices.Contains(ends(all), got) {
			w.t.Errorf("%s ends with protected %v", vm, got)
		}
		for i, c := range all {
			for _, later := range all[i+1:] {
				if c.run == later.run && c.said != nothing && later.said != nothing && c.acked.After(later.acked) {
					w.t.Errorf("%s was acknowledged before %s, which came before it", later.token, c.token)
				}
			}
		}
		if w.inbox.waiting() != 0 {
			w.t.Errorf("%d deliveries wait", w.inbox.waiting())
		}
	}
}
