// Package lookup is what people can see: the VMs and what may be asked for there, live
// grants and waiting requests, how each VM stands, a dry run of a request, and the
// record. Nothing of it changes anything.
//
// Who may see a VM, and what is of it, is decided in one place, for one answer
// (visibility). What cannot be told is not shown, and the answer says that there may be
// more.
//
// It imports jit, admission, inventory, policies, reach, record, resource, route and
// rules. It is tested in cmd/internal/e2e, and through Slack's protocol in bot.
package lookup
