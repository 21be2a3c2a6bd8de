package bot

import (
	"context"
	"net/netip"
	"time"

	"jitbot/jit"
	"jitbot/jit/access"
	"jitbot/jit/lookup"
	"jitbot/jit/reach"
	"jitbot/jit/record"
)

// Service is what people can do with grants. A no is a *jit.Refusal; anything
// else that goes wrong is a fault, which is logged and not shown.
type Service interface {
	// Ask stores a request. The same key gives the same grants again.
	Ask(ctx context.Context, by jit.UserID, key string, a jit.Ask) ([]jit.Grant, error)
	// Check checks the rights for an asked grant and returns it as it is then,
	// a refused one with the refusal.
	Check(ctx context.Context, id jit.ID) (jit.Grant, error)
	// Offer tells what may be asked for at VMs, named as in Ask.
	Offer(ctx context.Context, by jit.UserID, words []string) (lookup.Offer, error)
	// Recent is what somebody asked for the last time; false when never.
	Recent(ctx context.Context, by jit.UserID) (jit.Request, bool, error)
	// Choices lists VMs whose name, group or tag contains the text and that the
	// person may see, with what speaks against asking for each.
	Choices(ctx context.Context, by jit.UserID, text string, limit int) ([]lookup.Choice, error)
	// Lookup lists the VMs that fit and that the person may see.
	Lookup(ctx context.Context, by jit.UserID, fits func(jit.VM) bool) ([]jit.VM, error)

	// Approve counts a yes.
	Approve(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error)
	// ToNarrow is a waiting request for somebody who may approve less of it.
	ToNarrow(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error)
	// ApproveLess counts a yes to less than is asked for, which holds for all.
	ApproveLess(ctx context.Context, by jit.UserID, id jit.ID, less jit.Extent) (jit.Grant, error)
	// Claim says that the person is on a waiting request, or not any more.
	Claim(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error)
	// Deny ends a waiting request with a no.
	Deny(ctx context.Context, by jit.UserID, id jit.ID, reason string) (jit.Grant, error)
	// Cancel withdraws one's own waiting request.
	Cancel(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error)
	// Done ends one's own access.
	Done(ctx context.Context, by jit.UserID, id jit.ID) (jit.Grant, error)
	// DoneOnly ends one's own access where only one was open at a time.
	DoneOnly(ctx context.Context, by jit.UserID, at time.Time) (jit.Grant, error)
	// ToDecide is a grant as List shows it, with what else is open where the person
	// may approve it.
	ToDecide(ctx context.Context, by jit.UserID, id jit.ID) (lookup.ListedGrant, error)
	// Revoke ends somebody's access.
	Revoke(ctx context.Context, by jit.UserID, id jit.ID, reason string) (jit.Grant, error)

	// Extend asks for that much more time of one's own access.
	Extend(ctx context.Context, by jit.UserID, id jit.ID, d time.Duration) (jit.Grant, error)
	// ApproveExtension counts a yes to the extension of the number.
	ApproveExtension(ctx context.Context, by jit.UserID, id jit.ID, number int) (jit.Grant, error)
	// DenyExtension ends the extension of the number with a no, which may have a reason.
	DenyExtension(ctx context.Context, by jit.UserID, id jit.ID, number int, reason string) (jit.Grant, error)

	// Move lets the person in from another address, in place of the one before.
	Move(ctx context.Context, by jit.UserID, id jit.ID, to netip.Prefix) (jit.Grant, error)

	// Known is nil for a full, active member of the workspace.
	Known(ctx context.Context, by jit.UserID) error
	// List shows live grants and waiting requests, one's own or all that the
	// person may see.
	List(ctx context.Context, by jit.UserID, all bool) ([]lookup.ListedGrant, error)
	// Concerns lists one's own grants that have not ended, and the requests
	// that wait for one's decision.
	Concerns(ctx context.Context, by jit.UserID) ([]lookup.ListedGrant, error)
	// VMs lists VMs as Choices does, with whether they are protected and what may
	// be asked for; only those that the person may see. more says that there may
	// be others.
	VMs(ctx context.Context, by jit.UserID, text string, limit int) (lines []lookup.ListedVM, more bool, err error)
	// Scan says how each VM stands that the person may see, the exposed first.
	Scan(ctx context.Context, by jit.UserID) (findings []reach.Finding, more bool, err error)
	// Explain is a dry run of a request, by who or, for admins, for who else, for
	// a VM that the person may see.
	Witness(ctx context.Context, by jit.UserID, vm string) (lookup.Testimony, error)
	Explain(ctx context.Context, by jit.UserID, vm string, who jit.UserID) (lookup.Explanation, error)
	// HistoryOf is a page of the record's lines that the person may see, of a VM, named as
	// in Ask, where there is one.
	HistoryOf(ctx context.Context, by jit.UserID, vm string, q record.Query) (lookup.HistoryPage, error)
	// Admin is nil for an admin.
	Admin(ctx context.Context, by jit.UserID) error

	// ProtectEffects says which rules protecting VMs would overrule, and who would
	// lose access.
	ProtectEffects(ctx context.Context, by jit.UserID, words []string, ports []jit.PortPolicy) ([]access.ProtectEffect, error)
	// ProtectAsOf shuts ports of VMs, named as in Ask, which was asked for at a time;
	// each VM has its own outcome.
	ProtectAsOf(ctx context.Context, by jit.UserID, words []string, ports []jit.PortPolicy, asked time.Time) ([]access.VMResult, error)
	// UnprotectEffects says what ending that would open, to whoever may end it.
	UnprotectEffects(ctx context.Context, by jit.UserID, words []string) ([]access.UnprotectEffect, error)
	// UnprotectAsOf ends that; each VM has its own outcome. A protection that was asked
	// for after it is left as it is; the zero time is now.
	UnprotectAsOf(ctx context.Context, by jit.UserID, words []string, asked time.Time) ([]access.VMResult, error)
}
