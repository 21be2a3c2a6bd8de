package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"jitbot/bot/slacksim"
)

// TestProtection plays on the page, with the real bot, what the walks Protection
// and Terraform tell: a VM is found open, is protected, and opened to one; the
// rules for that are wiped and put back; and in the end all is as it was.
func TestProtection(t *testing.T) {
	chromium(t)
	address, stop := serve(t)
	b := openPage(t, address)
	b.reads("#azure", "jump-nsg")
	before := b.tables()
	b.opensTo("jump-1", "You Build Stranger Inside")
	b.scans()
	b.protects()
	b.grants()
	b.drifts()
	b.unprotects()
	if after := b.tables(); after != before {
		t.Errorf("the rules before:\n%s\nand after:\n%s", before, after)
	}
	b.over.Store(true)
	stop()
}

// tables is every rule on the page, in the order in which Azure asks them, without
// the passing marks of what has just changed.
func (b *browser) tables() string {
	b.t.Helper()
	return evaluate[string](b, `(() => {
		const text = (cell) => [...cell.childNodes].filter((n) => !n.classList?.contains("fresh")).map((n) => n.textContent).join("");
		const rules = (g) => [...g.querySelectorAll(".rule:not(.removed)")].map((r) => [...r.cells].map(text).join(" | "));
		return [...document.querySelectorAll(".guard")].sort((x, y) => x.dataset.guard.localeCompare(y.dataset.guard))
			.flatMap((g) => [g.dataset.guard, ...rules(g)]).join("\n");
	})()`)
}

// opensTo waits until port 22 of the VM is open to exactly these columns.
func (b *browser) opensTo(vm, sources string) {
	b.t.Helper()
	b.until(fmt.Sprintf("port 22 of %s to be open to %q", vm, sources), openTo(vm, sources))
}

func openTo(vm, sources string) string {
	return fmt.Sprintf(`(() => {
		const names = [...document.querySelectorAll(".matrix thead tr:last-child th")].slice(1).map((e) => e.innerText);
		const cells = [...document.querySelectorAll('[data-cell^="%s/22/"]')];
		return cells.length > 0 && cells.filter((c) => c.innerText.includes("open")).map((c) => names[cells.indexOf(c)]).join(" ") === %q;
	})()`, vm, sources)
}

// step presses the button of a step of a walk.
func (b *browser) step(walk string, n int) {
	b.t.Helper()
	b.click(fmt.Sprintf(`[data-walk=%q]`, walk))
	b.reads(`[data-walk][aria-pressed="true"]`, walk)
	b.click(fmt.Sprintf("#steps li:nth-child(%d) button", n))
}

// types presses the button of a step that sends the line it shows.
func (b *browser) types(walk string, n int, line string) {
	b.t.Helper()
	b.step(walk, n)
	b.reads(fmt.Sprintf("#steps li:nth-child(%d) code", n), line)
}

// scans: what is open to everybody is found, with a button to shut it.
func (b *browser) scans() {
	b.t.Helper()
	b.types("Protection", 1, "/jit scan unhealthy")
	b.reads(".ephemeral", "Unhealthy: jump-1 in prod-web (production)")
	b.reads(".ephemeral", "ssh-anywhere")
	b.until("the long answer to be shown from its beginning", `(() => {
		const answer = document.querySelector("#content .message:last-child").getBoundingClientRect(), pane = document.querySelector("#content").getBoundingClientRect();
		return answer.bottom > pane.bottom && Math.abs(answer.top - pane.top) < 20;
	})()`)
	b.look("20-scan")
	b.say("/jit explain jump-1")
	b.until("the next answer to be shown", `(() => {
		const answer = document.querySelector("#content .message:last-child"), pane = document.querySelector("#content").getBoundingClientRect();
		return answer.innerText.includes("A grant would write") && answer.getBoundingClientRect().top < pane.bottom - 40;
	})()`)
}

// protects: Protect is pressed there, and the form is sent as it comes.
func (b *browser) protects() {
	b.t.Helper()
	b.click(`.ephemeral [data-key$="=prod-web/jump-1"]`)
	b.reads(".modal", "Shut, unless somebody is granted access")
	b.look("21-protect")
	b.click(".modal [type=submit]")
	b.until("the form to close", `document.querySelector(".modal") === null`)
	b.opensTo("jump-1", "")
	b.reads(".matrix .protection", "protected")
	b.reads(`.guard[data-guard="jump-nsg"] .rule.ours`, "by jitbot, for protected VMs")
	b.look("22-protected")
}

// grants: one address gets in.
func (b *browser) grants() {
	b.t.Helper()
	b.types("Protection", 2, "/jit request jump-1 22 30m from 203.0.113.7 for looking at the logs")
	b.reads(".grant", "lapses at")
	b.step("Protection", 3)
	b.approves()
	b.reads(".grant", "left, closes at")
	b.opensTo("jump-1", "You")
	b.reads(`.guard[data-guard="jump-nsg"] .rule.ours`, "by jitbot, for grant g-")
	b.look("23-granted")
}

// drifts: somebody's terraform removes the deny and the allow; both come back,
// and Slack is told.
func (b *browser) drifts() {
	b.t.Helper()
	held := b.tables()
	b.step("Terraform", 2)
	// At once, since jitbot may compare at any moment.
	b.until("both rules to be gone, and the port open", `document.querySelector(".verdict").innerText.includes("removed jitbot’s 2 rules") &&
		document.querySelectorAll('.loss[data-state="gone"]').length === 2 && `+openTo("jump-1", "You Build Stranger Inside"))
	b.look("24-wiped")
	b.within(time.Minute, "both rules to be put back", `document.querySelectorAll('.loss[data-state="back"] button').length === 2`)
	b.opensTo("jump-1", "You")
	b.reads(".verdict", "jitbot has put all of them back")
	if after := b.tables(); after != held {
		b.t.Errorf("the rules before terraform:\n%s\nand after:\n%s", held, after)
	}
	b.look("25-back")
	b.click(`.loss:nth-child(1) button`)
	b.reads("#content .message", "keeps jump-1 shut; it was put back")
	b.click(`.loss:nth-child(2) button`)
	b.reads("#thread", "Somebody changed its rule in Azure")
	b.look("26-told")
	b.keys(kb.Escape)
}

// unprotects: the grant ends, then the deny goes.
func (b *browser) unprotects() {
	b.t.Helper()
	b.click("#skipnext")
	b.lacks(".rule.ours:not(.removed)", "for grant g-")
	b.opensTo("jump-1", "")
	b.types("Protection", 4, "/jit unprotect jump-1")
	b.click(`[aria-label="Unprotect 1 VM"]`)
	b.lacks(rule, "jitbot-demo-deny-")
	b.opensTo("jump-1", "You Build Stranger Inside")
	b.until("nothing to be protected", `document.querySelector(".matrix .protection") === null`)
	b.become(slacksim.DemoApproverID)
	b.click(`[data-place="C0APPROVALS"]`)
	b.reads("#content .message", "No longer protected, by")
	b.look("27-unprotected")
}
