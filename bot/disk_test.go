package bot_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"jitbot/bot"
)

// disk is an inbox with one writer, which is slow or fails as it is told. Writes that
// come while one is under way share the next.
type disk struct {
	bot.Inbox
	commit time.Duration // what each takes

	mu     sync.Mutex
	began  time.Time
	accept []fate    // of the next ones that are accepted
	free   time.Time // when the writer is free of those that hang
	finish int       // how many of the next are not finished
}

// fate is what becomes of a delivery that is accepted.
type fate struct {
	after  time.Duration // until the answer
	stored time.Duration // until it is stored, when it is, though the answer is an error
	err    error
}

var errDisk = errors.New("the disk does not answer")

func (d *disk) write(ctx context.Context) error {
	d.mu.Lock()
	if d.began.IsZero() {
		d.began = time.Now()
	}
	wait := time.Until(d.free)
	if d.commit > 0 {
		wait = max(wait, 2*d.commit-time.Since(d.began)%d.commit) // the one under way, and its own
	}
	d.mu.Unlock()
	return sleep(ctx, wait)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *disk) Accept(ctx context.Context, key string, payload []byte, now time.Time) (bool, error) {
	if err := d.write(ctx); err != nil {
		return false, err
	}
	d.mu.Lock()
	var f fate
	if len(d.accept) > 0 {
		f, d.accept = d.accept[0], d.accept[1:]
	}
	if f.stored > 0 {
		d.free = time.Now().Add(f.stored + time.Millisecond) // Finish comes after it
		time.AfterFunc(f.stored, func() { _, _ = d.Inbox.Accept(context.WithoutCancel(ctx), key, payload, now) })
	}
	d.mu.Unlock()
	if err := sleep(ctx, f.after); err != nil {
		return false, err
	}
	if f.err != nil {
		return false, f.err
	}
	return d.Inbox.Accept(ctx, key, payload, now)
}

func (d *disk) Finish(ctx context.Context, key string, now time.Time) error {
	if err := d.write(ctx); err != nil {
		return err
	}
	d.mu.Lock()
	d.finish--
	failed := d.finish >= 0
	d.mu.Unlock()
	if failed {
		return errDisk
	}
	return d.Inbox.Finish(ctx, key, now)
}

// next is the fate of the next delivery, and how many are not finished at first.
func (d *disk) next(f fate, unfinished int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.accept, d.finish = append(d.accept, f), max(d.finish, 0)+unfinished
}

// finishes says whether anything can be finished from now on.
func (d *disk) finishes(all bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.finish = 0; !all {
		d.finish = 1 << 30
	}
}
