package page_test

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"jitbot/bot/slacksim"
)

// TestBrowser plays a grant on the page as a reader does.
func TestBrowser(t *testing.T) {
	r := newRig(t, nil)
	chromium(t)
	r.runScript(t)
	b := openPage(t, r)
	b.reads("#side", "Ada Lovelace")
	b.reads("#azure", "web-subnet-nsg")
	b.reads("header", "A simulation")
	b.reads(`[data-step="later"]`, "not yet")
	b.accessible("the start")
	b.look("1-start")

	t.Log("the commands are offered, and completed by the keyboard")
	b.click("#say")
	b.keys("/j")
	b.keys(kb.Tab)
	b.keys("req")
	b.reads("#composer .options", "asks for access")
	b.look("2-completion")
	b.keys(kb.ArrowDown)
	b.keys(kb.Enter)
	b.keys("web-1 for logs")
	b.keys(kb.Enter)
	b.reads(".ephemeral", "Only visible to you")
	b.reads(".ephemeral .mention", "@jit-approvers")

	t.Log("text is text, markup is what Slack makes of it")
	b.say("/jit help")
	b.reads(".ephemeral blockquote em", "quoted")
	b.reads(".ephemeral", "<b>not markup</b>")
	b.until("no script as a link", `![...document.querySelectorAll("a")].some((a) => a.protocol === "javascript:")`)
	b.say("/jit silent")
	b.reads(".ephemeral", "operation_timeout")
	b.look("3-answers")

	b.form()
	b.life()
}

// form fills a modal: a search, a redrawing, a field error, keys.
func (b *browser) form() {
	b.t.Helper()
	b.say("/jit form")
	b.reads(".modal", "Not before")
	b.until("the focus in the first field", `document.activeElement?.dataset.key === "vm/vm"`)
	b.click(".modal [type=submit]")
	b.reads(".modal .error", "Please complete this required field")
	b.accessible("a form with errors")
	b.click(`[data-key="why/why"]`)
	b.keys("logs")
	b.until("the reason to be typed", `document.querySelector('[data-key="why/why"]').value === "logs"`)
	b.click(`[data-key="vm/vm"]`)
	b.until("the focus in the search", `document.activeElement?.dataset.key === "vm/vm"`)
	b.keys("web")
	b.until("the search to be typed", `document.querySelector('[data-key="vm/vm"]').value === "web"`)
	b.reads(".options .option", "web-2")
	b.redraw()
	b.until("the search to outlive a redrawing", `document.activeElement?.dataset.key === "vm/vm" && document.activeElement.value === "web"`)
	b.reads(".options .option", "web-2")
	b.look("4-search")
	b.click(`[data-key="vm/vm"]`)
	b.reads(".options .option", "web-2")
	b.keys(kb.ArrowDown)
	b.keys(kb.Enter)
	b.reads(".modal .tick", "443 on web-")
	b.until("what was typed to be kept", `document.querySelector('[data-key="why/why"]').value === "logs" && document.querySelector('[data-key="vm/vm"]').value.startsWith("web-")`)
	b.click(`[data-key="ports/ports=22"]`)
	b.click(`[data-key="long/long"]`)
	b.keys(kb.ArrowDown)
	b.keys(kb.Enter)
	b.click(".modal [type=submit]")
	b.reads(".modal .error", "at least 10 characters")
	b.until("the focus in the wrong field", `document.activeElement?.dataset.key === "why/why" && document.querySelector('[data-key="long/long"]').value === "1 hour"`)
	b.look("5-field-error")
	b.keys(" of last night")
	b.click(".modal [type=submit]")
	b.until("the modal to close", `document.querySelector(".modal") === null`)
	b.click(".shortcuts button")
	b.reads(".modal", "Not before")
	b.do(chromedp.MouseClickXY(100, 780)) // beside it
	b.keys(kb.Escape)
	b.until("Escape to close the modal", `document.querySelector(".modal") === null`)
	b.click("#say")
	b.keys("half a line") // which nobody else is to find
}

// redraw has the bot update the form while somebody types in it, and waits until it is drawn anew.
func (b *browser) redraw() {
	b.t.Helper()
	evaluate[bool](b, `(document.querySelector(".modal").seen = true)`)
	form, err := view(formView(""))
	if err != nil {
		b.t.Fatal(err)
	}
	form.PrivateMetadata = "anew"
	if _, err := b.api.UpdateViewContext(b.ctx, form, "", "", b.slack.Views(slacksim.DemoEngineerID)[0].ID); err != nil {
		b.t.Fatal(err)
	}
	b.until("the form drawn anew", `!document.querySelector(".modal").seen`)
}

// life approves what was asked, sees the rule come, and go with its time.
func (b *browser) life() {
	b.t.Helper()
	b.become(slacksim.DemoGuestID)
	b.until("nobody else's draft", `document.querySelector("#say").value === ""`)
	b.lacks("#side", "jit-approvals")
	b.become(slacksim.DemoApproverID)
	b.click(`[data-place="C0APPROVALS"]`)
	b.reads("#content .b-header", "waiting for approval")
	b.reads("#content .message", "looking at the <b>logs</b> & *more*")
	b.click("#content .message:last-child [data-action=deny]")
	b.reads("[data-confirm]", "Ada is told at once")
	b.look("6-confirm")
	b.keys(kb.Escape)
	b.lacks("#overlay", "Ada is told at once")
	b.click("#content .message:last-child [aria-label='More actions']")
	b.keys(kb.Enter)
	b.reads(".replies", "1 reply")
	b.click("#content .message:last-child [data-action=approve]")
	b.reads("#content .message", "Open until To") // today, or tomorrow when it is late
	b.reads(".rule.ours", ourRule)
	b.reads(`[data-cell="web-1/22/203.0.113.7"]`, "open")
	b.reads(`[data-cell="web-1/22/198.51.100.77"]`, "shut")
	b.reads(".grant", "left, closes at")
	b.click(".replies")
	b.reads("#thread", "Approved by @Grace Hopper")
	b.accessible("a thread")
	b.click("#thread [data-key=reply]")
	b.keys("thank you")
	b.keys(kb.Enter)
	b.reads("#thread .message:last-child", "thank you")
	b.until("the thread at its end", `(() => { const e = document.querySelector("#thread .scroll"); return e.scrollHeight - e.scrollTop - e.clientHeight < 2; })()`)
	b.look("7-open")
	b.keys(kb.Escape)
	b.until("Escape to close the thread", `document.querySelector("#thread").hidden`)
	b.look("8-card")
	b.do(chromedp.EmulateViewport(800, 900))
	b.click("#tab-azure")
	b.do(chromedp.ScrollIntoView(chromedp.CSS(".rule.ours")))
	b.look("9-azure")

	b.click("#skipnext")
	b.lacks(".rule.ours:not(.removed)", ourRule)
	b.reads(`[data-cell="web-1/22/203.0.113.7"]`, "shut")
	b.reads("#ahead", "30 min ahead")
	b.reads(`#steps li[data-step="done"]:last-child`, "Let the time pass")
	b.click("#reset")
	b.reads(`#steps li[data-step="now"]:first-child`, "As Ada")
	b.become(slacksim.DemoEngineerID)
	b.click(`[data-place="dm"]`)
	b.reads("#content", "read back just now")
	b.until("the notice to be of the demo's time", `Date.parse([...document.querySelectorAll("#content .message time")].at(-1).dateTime) > Date.now() + 29 * 60000`)
	b.look("10-over")
	b.click(`[data-place="home"]`)
	b.reads("#content .b-header", "My access")
	b.look("11-home")

	b.click("[data-knob=slack]")
	b.reads("[data-knob=slack]", "down")
	b.click("[data-knob=azure]")
	b.reads("[data-knob=azure]", "throttled")
	b.click("[data-knob=bot]")
	b.reads("[data-knob=bot]", "killed")
	b.click("#content [data-action=new]")
	b.reads("#content .triangle", "the app did not answer")
	b.look("12-broken")
	b.click("#theme")
	b.until("the other theme", `document.documentElement.dataset.theme === "dark"`)
}
