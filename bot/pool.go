package bot

import (
	"context"
	"sync"
	"sync/atomic"
)

const (
	promptWorkers = 8
	answerWorkers = 6
	workWorkers   = 8
	maxQueue      = 500 // jobs that wait for a worker
)

// pool is a bounded set of workers with a queue. Its zero value must be
// started once.
type pool struct {
	jobs    chan job
	places  atomic.Int64 // of the queue, taken or promised
	workers sync.WaitGroup
}

// job is something to do after the ack, or to find the ack.
type job func(ctx context.Context)

// start runs the workers. They take jobs until ctx ends; a job under way keeps
// working, which ends later.
func (p *pool) start(ctx, working context.Context, workers int) {
	p.jobs = make(chan job, maxQueue)
	for range workers {
		p.workers.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case j := <-p.jobs:
					p.release()
					if ctx.Err() != nil {
						return // both were ready: what was stored waits for the next start
					}
					j(working)
				}
			}
		})
	}
}

// reserve promises a place in the queue, so that what is stored now is done
// now. Give it back with release, or use it with put.
func (p *pool) reserve() bool {
	if p.places.Add(1) <= maxQueue {
		return true
	}
	p.release()
	return false
}

func (p *pool) release() { p.places.Add(-1) }

// put queues a job in a reserved place; it never waits.
func (p *pool) put(j job) { p.jobs <- j }

// offer queues a job unless the queue is full.
func (p *pool) offer(j job) bool {
	if !p.reserve() {
		return false
	}
	p.put(j)
	return true
}

// wait returns when every worker has ended.
func (p *pool) wait() { p.workers.Wait() }
