package bot

import (
	"context"
	"sync"
)

const (
	promptWorkers = 4
	workWorkers   = 8
	maxQueue      = 500 // jobs that wait for a worker
)

// pool is a bounded set of workers with a queue. Its zero value must be
// started once.
type pool struct {
	jobs    chan job
	workers sync.WaitGroup
}

// job is something to do after the ack.
type job func(ctx context.Context)

// start runs the workers. They take jobs until ctx ends; a job under way keeps
// labour, which ends later.
func (p *pool) start(ctx, labour context.Context, workers int) {
	p.jobs = make(chan job, maxQueue)
	for range workers {
		p.workers.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case j := <-p.jobs:
					if ctx.Err() != nil {
						return // both were ready: what was stored waits for the next start
					}
					j(labour)
				}
			}
		})
	}
}

// room reports whether a job would be taken now. Only the loop offers jobs, so
// the answer holds until it does.
func (p *pool) room() bool { return len(p.jobs) < cap(p.jobs) }

// offer queues a job unless the queue is full.
func (p *pool) offer(j job) bool {
	select {
	case p.jobs <- j:
		return true
	default:
		return false
	}
}

// wait returns when every worker has ended.
func (p *pool) wait() { p.workers.Wait() }
