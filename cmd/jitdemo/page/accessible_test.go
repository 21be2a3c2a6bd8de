package page_test

import (
	"strings"

	"github.com/chromedp/cdproto/emulation"
)

// faults is what a checker of accessibility finds on the page: text outside of
// landmarks, controls without a name or with one that lacks what is seen on them,
// scrolled regions that no key reaches, and text that is too faint.
const faults = `(() => {
	const out = [];
	const seen = (e) => e.checkVisibility() && !e.closest("[hidden], .hidden, [inert], [aria-hidden=true]");
	const tell = (what, e) => out.push(what + ": " + e.outerHTML.slice(0, 120));
	const named = (e) => e.getAttribute("aria-label") || e.labels?.length ||
		e.getAttribute("aria-labelledby")?.split(" ").some((id) => document.getElementById(id)?.textContent) || e.textContent.trim();
	for (const e of document.querySelectorAll("button, a[href], input, textarea, select, [role=dialog], [role=group], [role=log], [role=region]")) {
		if (!seen(e)) continue;
		if (!named(e)) tell("no name", e);
		const label = e.getAttribute("aria-label")?.toLowerCase();
		const words = e.matches("button, a") ? e.innerText.toLowerCase().replace(/\s+/g, " ").trim() : "";
		if (label && /[a-z]{2}/.test(words) && !label.includes(words)) tell("the name lacks what is seen", e);
	}
	for (const e of document.querySelectorAll("*")) {
		if (!seen(e)) continue;
		const style = getComputedStyle(e);
		if (/auto|scroll/.test(style.overflowY + style.overflowX) && e.tagName !== "TEXTAREA" && e.tabIndex < 0 &&
			(e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1) && !e.querySelector("button, a, input, [tabindex='0']")) tell("scrolled by no key", e);
	}
	const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
	ids.filter((id, i) => ids.indexOf(id) !== i).forEach((id) => out.push("twice: #" + id));
	const rgb = (c) => c.match(/[\d.]+/g).map(Number);
	const light = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const back = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement;
		if (!walk.currentNode.textContent.trim() || !seen(e) || e.closest("script, noscript, style")) continue;
		if (!e.closest("main, nav, header, aside, section, [role=status], [role=dialog]")) tell("in no landmark", e);
		if (e.closest("[aria-disabled=true], [aria-busy=true]")) continue;
		const [a, b] = [light(rgb(getComputedStyle(e).color)), light(back(e))];
		if ((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5) tell("too faint", e);
	}
	return [...new Set(out)];
})()`

// accessible holds that a checker of accessibility finds nothing, in both themes.
func (b *browser) accessible(where string) {
	b.t.Helper()
	for _, theme := range []string{"light", "dark"} {
		b.do(emulate(&emulation.MediaFeature{Name: "prefers-color-scheme", Value: theme}, &emulation.MediaFeature{Name: "prefers-reduced-motion", Value: "reduce"}))
		if found := evaluate[[]string](b, faults); len(found) > 0 {
			b.t.Errorf("%s, %s:\n%s", where, theme, strings.Join(found, "\n"))
		}
	}
	b.do(emulate())
}
