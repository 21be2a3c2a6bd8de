package main

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

const (
	appNSG   = `.guard[data-guard="apps-nsg"] `
	firewall = `.guard[data-guard="hub-fw"] `
	// changing is more than what a change of a firewall takes here.
	changing = firewallTime + 20*time.Second
)

// TestFirewall plays on the page, with the real bot, what the walk Firewall
// tells: the security group opens first, then the firewall; the public address that jitbot
// names is the one on the page; at the deadline nobody gets in any more, and the
// firewall follows.
func TestFirewall(t *testing.T) {
	chromium(t)
	address, stop := serve(t)
	b := openPage(t, address)
	b.reads("#azure", "hub-fw")
	before := b.tables()
	b.opensTo("app-1", "")
	b.opensTo("core-1", "")
	b.opensThrough()
	b.reachesPublicEnd()
	b.closesBehind()
	b.inherits()
	if after := b.tables(); after != before {
		t.Errorf("the rules before:\n%s\nand after:\n%s", before, after)
	}
	b.over.Store(true)
	stop()
}

// opensThrough: asked and approved, the group opens at once, and the firewall
// after its time.
func (b *browser) opensThrough() {
	b.t.Helper()
	b.types("Firewall", 1, "/jit request app-1 22 30m from 203.0.113.7 for looking at the logs")
	b.reads(".grant", "lapses at")
	b.step("Firewall", 2)
	b.reads("#content .message", "Also lets in 198.51.100.10")
	b.approves()
	b.reads(appNSG+rule, "by jitbot, for grant g-")
	b.reads(firewall+rule, "not in force yet")
	b.reads(firewall+".busy", "three to five minutes, here 20 seconds")
	b.until("the group to be in force, and the firewall not", `[...document.querySelectorAll(".grant .tag")].map((e) => e.innerText).join() === "opening,in force,firewall, being changed"`)
	b.reads(`[data-cell="app-1/22/203.0.113.7"]`, "shut")
	b.reads("#content .message", "Azure is changing the firewall")
	b.click("#skipnext")
	b.reads("#toasts", "wait until it is open")
	b.overlook("30-firewall-changing")
	b.within(changing, "the firewall to let Ada in", fmt.Sprintf(`document.querySelector('[data-cell=%q]').innerText.includes("open")`, "app-1/22/203.0.113.7"))
	b.reads(".grant", "left, closes at")
	b.reads(firewall+rule, "in force now")
	b.lacks(firewall+".tag", "not in force yet")
	b.opensTo("app-1", "You Build") // as the card said
}

// reachesPublicEnd: the public address that Ada is told is the one in the rule and in the grant, and
// the cell tells the way.
func (b *browser) reachesPublicEnd() {
	b.t.Helper()
	b.step("Firewall", 3)
	b.reads("#place", "jitbot")
	b.reads("#content .message:last-child", "(through the firewall)")
	told := evaluate[string](b, `[...document.querySelectorAll("#content .message")].at(-1).innerText`)
	shown := evaluate[string](b, "document.querySelector(`"+firewall+".ours .public-end`).textContent")
	port := regexp.MustCompile(`ssh -p (\d+) <user>@20\.50\.20\.1`).FindStringSubmatch(told)
	if port == nil || shown != "20.50.20.1:"+port[1] {
		b.t.Fatalf("Ada was told %q, and the page shows %q", told, shown)
	}
	b.reads(firewall+".ours .public-end", "→ app-1:22")
	b.reads(".grant", "connect to 20.50.20.1:"+port[1]+" for port 22 of app-1")
	b.do(chromedp.Focus(chromedp.CSS(`[data-cell="app-1/22/203.0.113.7"]`)))
	b.reads(".why", "allowed by hub-fw dnat jitbot-demo-dnat/jitbot-demo-g-")
	b.reads(".why", "20.50.20.1:"+port[1]+", seen as 10.40.0.62: subnet apps-nsg allow jitbot-demo-g-")
	b.overlook("31-firewall-open")
}

// closesBehind: nobody gets in from the deadline on, while the firewall is still
// being changed, and is not said to be closed before that is over.
func (b *browser) closesBehind() {
	b.t.Helper()
	b.step("Firewall", 4)
	b.reads(`[data-cell="app-1/22/203.0.113.7"]`, "shut")
	b.opensTo("app-1", "")
	b.reads(firewall+rule, "still in force")
	b.until("the group to be shut, and the firewall to follow", `[...document.querySelectorAll(".grant .tag")].map((e) => e.innerText).join() === "closing,gone,firewall, being changed"`)
	b.lacks("#content .message", "is closed")
	b.overlook("32-firewall-closing")
	b.within(changing, "the firewall to be as before", `document.querySelector(".rule.ours:not(.removed)") === null`)
	b.reads("#content .message", "is closed")
	b.until("no grant to be left", `document.querySelector(".grant") === null`)
	b.overlook("33-firewall-over")
}

// inherits: what a policy inherits is folded, before its own.
func (b *browser) inherits() {
	b.t.Helper()
	edge := `.guard[data-guard="edge-fw"] `
	b.click(edge + "> summary")
	b.reads(edge, "head-office")
	b.until("the parent's rules to be folded", fmt.Sprintf(`!document.querySelector('%s.guard[data-guard="corp-policy"]').open`, edge))
	b.click(edge + `.guard[data-guard="corp-policy"] > summary`)
	b.reads(edge, "no-scanners")
	b.overlook("34-policy")
}

// overlook looks at the subscription, which has a pane of its own where there is
// no room for two.
func (b *browser) overlook(name string) {
	b.t.Helper()
	evaluate[any](b, `document.querySelector("#tab-azure").click()`)
	b.look(name)
}
