package main

import (
	"bufio"
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"jitbot/bot/slacksim"
)

// serve runs jitdemo as its user does and returns the page's address, and what
// stops it as Ctrl-C does.
func serve(t *testing.T) (string, func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	read, write := io.Pipe()
	var errs strings.Builder
	ended := make(chan int, 1)
	go func() {
		ended <- execute(ctx, []string{"--listen", "127.0.0.1:0"}, write, &errs)
		write.Close()
	}()
	halt := sync.OnceFunc(func() {
		stop()
		select {
		case code := <-ended:
			if code != 0 || errs.Len() > 0 {
				t.Errorf("exit %d: %s", code, errs.String())
			}
		case <-time.After(3 * time.Second):
			t.Error("jitdemo still runs 3 s after it was told to stop")
		}
	})
	t.Cleanup(halt)
	lines := bufio.NewReader(read)
	first, err := lines.ReadString('\n')
	if err != nil {
		t.Fatalf("jitdemo said %q: %v, %s", first, err, errs.String())
	}
	go io.Copy(io.Discard, lines)
	_, rest, _ := strings.Cut(first, "http://")
	address, _, ok := strings.Cut(rest, " ")
	if !ok {
		t.Fatalf("no address in %q", first)
	}
	return "http://" + address, halt
}

const (
	rule   = ".rule.ours:not(.removed)"
	toUs   = `[data-cell="web-1/22/203.0.113.7"]`
	toThem = `[data-cell="web-1/22/198.51.100.77"]`
	// lessLeft: of thirty minutes less than twenty are left.
	lessLeft = `/\b1\d:\d\d left/.test(document.querySelector(".grant")?.innerText)`
)

// TestPage plays a grant with the real bot on the page, as a newcomer does.
func TestPage(t *testing.T) {
	chromium(t)
	address, stop := serve(t)
	b := openPage(t, address)
	b.reads("#side", "Ada Lovelace")
	b.reads("#azure", "web-subnet-nsg")
	b.reads(toUs, "shut")
	b.look("1-start")
	b.asks()
	b.decides()
	b.opens()
	b.crashes()
	b.ends()
	b.over.Store(true)
	stop()
}

// asks fills the form: a search, a redrawing, a wrong field, and its mending.
func (b *browser) asks() {
	b.t.Helper()
	b.click(`[data-place="dm"]`)
	b.say("/jit")
	b.reads(".modal", "How long")
	b.look("2-form")
	b.click(`[data-key="vm/vm"]`)
	b.keys("web-1")
	b.until("one VM to be found", `document.querySelectorAll(".options .option").length === 1`)
	b.reads(".options .option", "web-1")
	b.look("3-search")
	b.keys(kb.Enter)
	b.reads(".modal .tick", "22")
	b.click(`[data-key="ports/ports=22/tcp"]`)
	b.fill("source/source", "203.0.113.7")
	b.fill("duration/duration", "9h")
	b.fill("reason/reason", "the search index is stuck & needs a restart")
	b.click(".modal [type=submit]")
	b.reads(".modal .error", "3h")
	b.until("the focus in the wrong field", `document.activeElement?.dataset.key === "duration/duration"`)
	b.look("4-field-error")
	b.fill("duration/duration", "30m")
	b.click(".modal [type=submit]")
	b.until("the form to close", `document.querySelector(".modal") === null`)
}

// decides: the card, a refusal of the requester herself, and Grace's approval.
func (b *browser) decides() {
	b.t.Helper()
	b.click(`[data-place="C0APPROVALS"]`)
	b.reads("#content .message", "the search index is stuck & needs a restart")
	b.reads(".grant", "lapses at")
	b.look("5-card")
	b.approves()
	b.reads(".ephemeral", "yourself, so somebody else must decide it")
	b.look("6-refused")
	b.become(slacksim.DemoOutsiderID)
	b.click(`[data-place="C0APPROVALS"]`)
	b.approves()
	b.reads(".ephemeral", "approver")
	b.reads(toUs, "shut")
	b.become(slacksim.DemoApproverID)
	b.click(`[data-place="C0APPROVALS"]`)
	b.approves()
}

// approves presses Approve, and again where it is asked back.
func (b *browser) approves() {
	b.t.Helper()
	b.click("#content [data-action=approve]")
	b.reads("[data-confirm]", "It is for production")
	b.click("[data-confirm] .btn.primary")
}

// opens: the rule is in the tables, for this address alone, and Ada is told.
func (b *browser) opens() {
	b.t.Helper()
	b.reads(rule, "jitbot-demo-g-")
	b.reads(toUs, "open")
	b.reads(toThem, "shut")
	b.reads(".grant", "left, closes at")
	b.reads("#content .message", "Open for")
	b.reads(".replies", "2 replies")
	b.picture()
	b.click(".replies")
	b.reads("#thread", "Grace Hopper")
	b.look("7-open")
	b.keys(kb.Escape)
	b.until("the thread to close", `document.querySelector("#thread").hidden`)
	b.become(slacksim.DemoEngineerID)
	b.click(`[data-place="dm"]`)
	b.reads("#content .message", "is open until")
	b.look("8-told")
	b.click(`[data-place="home"]`)
	b.reads("#content", "Open for you: SSH")
	b.look("9-home")
}

// crashes: a killed bot answers nobody; its grant and the skipped time are there
// again when it is started.
func (b *browser) crashes() {
	b.t.Helper()
	b.click("#skip10")
	b.reads("#ahead", "10 min ahead")
	b.until("ten minutes less", lessLeft)
	b.click("[data-knob=bot]")
	b.reads("[data-knob=bot]", "killed")
	b.reads("#azure", "the bot is dead")
	b.until("no grants of a dead bot", `document.querySelector(".grant") === null`)
	b.reads(rule, "jitbot-demo-g-")
	b.look("10-killed")
	b.click("[data-knob=bot]")
	b.lacks("[data-knob=bot]", "killed")
	b.reads(".grant", "left, closes at")
	b.until("the ten minutes to be gone still", lessLeft)
	b.reads("#ahead", "10 min ahead")
}

// hinted: the composer completes exactly the commands that the help lists.
func (b *browser) hinted() {
	b.t.Helper()
	odd := evaluate[[]string](b, `fetch("/setup").then((r) => r.json()).then(({ hints }) => {
		const helped = new Set([...document.querySelectorAll(".ephemeral:last-child code")].map((e) => /^\/jit ([a-z]+)/.exec(e.textContent)?.[1]).filter(Boolean));
		return [...helped.symmetricDifference(new Set(hints.map((x) => x.usage.split(" ")[0])))];
	})`, chromedp.EvalAwaitPromise)
	if len(odd) > 0 {
		b.t.Errorf("commands that only the help or only the composer knows: %v", odd)
	}
}

// ends: at the deadline the rule goes, and Ada reads why.
func (b *browser) ends() {
	b.t.Helper()
	b.until("the bot to be connected", `!document.querySelector("[data-knob=bot]").innerText.includes("connecting")`)
	b.click("#skipnext")
	b.lacks(rule, "jitbot-demo-g-")
	b.reads(toUs, "shut")
	b.reads("#ahead", "30 min ahead")
	b.click(`[data-place="dm"]`)
	b.reads("#content .message", "is closed")
	b.reads("#content .message", "Its time is over")
	b.look("11-over")
	b.say("help") // to the bot itself a command needs no slash
	b.reads("#content .message:last-child", "/jit request")
	b.say("/jit help")
	b.reads(".ephemeral", "/jit request")
	b.look("12-help")
	b.hinted()
	b.do(chromedp.EmulateViewport(800, 900))
	b.click("#tab-azure")
	b.look("13-azure")
}
