package reconcile

import "jitbot/jit/workqueue"

// queues are the work under way, each by its key and with its own bound.
type queues struct {
	guards      *workqueue.Queue // key: a guard in lower case
	openings    *workqueue.Queue // key: a grant that is to begin
	requests    *workqueue.Queue // key: a request whose check was cut off
	holders     *workqueue.Queue // key: somebody with open grants, whose rights are checked again
	protections *workqueue.Queue // key: a VM in lower case, protected otherwise than the configuration says
	inventory   *workqueue.Queue // one key: the list of VMs, which grants and protections follow
	digests     *workqueue.Queue // one key: the digest that is due
}

// wait returns when nothing is under way any more.
func (q queues) wait() {
	for _, one := range []*workqueue.Queue{q.guards, q.openings, q.requests, q.holders, q.protections, q.inventory, q.digests} {
		one.Wait()
	}
}
