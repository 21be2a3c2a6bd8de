package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// chromium finds the browser. Without one the test is skipped, but not where
// everything is to be tested.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("no Chromium found, and CI is true")
	}
	t.Skip("no Chromium found")
	return ""
}

// browser is one open page.
type browser struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // it lives as long as its test
	// shots is where screenshots go; empty: nowhere.
	shots string
	// over says that the server may be gone, of which a browser complains.
	over atomic.Bool
}

func openPage(t *testing.T, address string) *browser {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.WindowSize(1280, 800),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	alloc, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(func() {
		// Closed in order, so that the profile is written no more when it is removed.
		_ = chromedp.Cancel(ctx)
		cancel()
		stop()
	})
	b := &browser{t: t, ctx: ctx, shots: os.Getenv("SCREENSHOTS")}
	// The browser lives as long as the context of its first action, so that has no time limit.
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatalf("starting the browser: %v", err)
	}
	b.do(chromedp.Navigate(address))
	return b
}

// hear fails the test when the page throws or anything complains in its console.
func (b *browser) hear(ev any) {
	if b.over.Load() {
		return
	}
	t := b.t
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		t.Errorf("the page threw: %s %s", ev.ExceptionDetails.Text, ev.ExceptionDetails.Exception.Description)
	case *runtime.EventConsoleAPICalled:
		if ev.Type == runtime.ConsoleAPICalledTypeError {
			t.Errorf("the page complained: %s", ev.Args[0].Value)
		}
	case *log.EventEntryAdded:
		if ev.Entry.Level == log.EntryLevelError {
			t.Errorf("the browser complained: %s %s", ev.Entry.Text, ev.Entry.URL)
		}
	}
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 15*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.fail("%v", err)
	}
}

// fail ends the test with what the page reads, and what it asked for last.
func (b *browser) fail(format string, args ...any) {
	b.t.Helper()
	text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText + "\n" + [document.querySelector("#link")?.textContent,
		...performance.getEntriesByType("resource").slice(-8).map((e) => [e.name, Math.round(e.startTime), Math.round(e.duration)].join(" ")),
		"now " + Math.round(performance.now())].join("\n")`))
	b.shot("failed")
	b.over.Store(true)
	b.t.Fatalf(format+"; the page reads:\n%s", append(args, text)...)
}

// emulate is the step that has the page see these features of its medium.
func emulate(features ...*emulation.MediaFeature) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
		return err
	})
}

// evaluate is the value of an expression in JavaScript.
func evaluate[T any](b *browser, js string, options ...chromedp.EvaluateOption) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 15*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, options...))
	if err != nil {
		b.fail("evaluating %s: %v", js, err)
	}
	return v
}

// until waits for a condition in JavaScript.
func (b *browser) until(what, js string) {
	b.t.Helper()
	b.within(15*time.Second, what, js)
}

func (b *browser) within(most time.Duration, what, js string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](js, chromedp.WithPollingTimeout(most))); err != nil {
		b.fail("waiting for %s: %v", what, err)
	}
}

// reads waits for words in an element.
func (b *browser) reads(selector, text string) {
	b.t.Helper()
	b.until(fmt.Sprintf("%q in %s", text, selector), fmt.Sprintf(`[...document.querySelectorAll(%q)].some((e) => e.innerText.includes(%q))`, selector, text))
}

// lacks waits until the words are gone.
func (b *browser) lacks(selector, text string) {
	b.t.Helper()
	b.until(fmt.Sprintf("no %q in %s", text, selector), fmt.Sprintf(`![...document.querySelectorAll(%q)].some((e) => e.innerText.includes(%q))`, selector, text))
}

// click tries again when news redraws what it is about to click, also between the
// press and the release, when the click reaches something else.
func (b *browser) click(selector string) {
	b.t.Helper()
	listen := fmt.Sprintf(`window.hit = false;
		addEventListener("click", (e) => { window.hit = Boolean(e.target.closest(%q)) }, { capture: true, once: true }); true`, selector)
	var err error
	for range 3 {
		evaluate[bool](b, listen)
		ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
		err = chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
		cancel()
		if err == nil && evaluate[bool](b, `window.hit`) {
			return
		}
	}
	b.fail("clicking %s: %v", selector, err)
}

func (b *browser) keys(text string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(text))
}

// fill puts words into a field in place of what is there.
func (b *browser) fill(key, text string) {
	b.t.Helper()
	selector := fmt.Sprintf(`[data-key=%q]`, key)
	b.click(selector)
	evaluate[any](b, fmt.Sprintf(`document.querySelector(%q).select()`, selector))
	b.keys(text)
}

// say types a line into the composer and sends it with Enter.
func (b *browser) say(text string) {
	b.t.Helper()
	b.click("#say")
	b.keys(text)
	b.keys(kb.Enter)
}

func (b *browser) become(id string) {
	b.t.Helper()
	b.click(fmt.Sprintf(`[data-person=%q]`, id))
	b.until("being "+id, fmt.Sprintf(`document.querySelector('[data-person=%q]')?.getAttribute("aria-checked") === "true"`, id))
}

// shot takes a screenshot where SCREENSHOTS names a folder for it.
func (b *browser) shot(name string) {
	b.t.Helper()
	if b.shots == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Errorf("taking a screenshot: %v", err)
		return
	}
	if err := os.WriteFile(filepath.Join(b.shots, name+".png"), png, 0o600); err != nil {
		b.t.Errorf("writing a screenshot: %v", err)
	}
}

// look takes screenshots in both themes at every width, and holds that nothing
// makes the page scroll sideways; on a telephone tables may, in their frames.
func (b *browser) look(name string) {
	b.t.Helper()
	for _, size := range [][2]int64{{1280, 860}, {800, 900}, {400, 800}} {
		for _, theme := range []string{"light", "dark"} {
			b.wear(size[0], size[1], theme)
			frames := ".scroll, .side, .modal-body, .guard"
			if size[0] > 500 {
				frames += ", .wide"
			}
			wide := evaluate[[]string](b, `[document.documentElement, ...document.querySelectorAll("`+frames+`")].filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.id || e.className || e.tagName)`)
			if len(wide) > 0 {
				b.t.Errorf("%s at %d: scrolls sideways: %s", name, size[0], strings.Join(wide, ", "))
			}
			b.shot(fmt.Sprintf("%s-%d-%s", name, size[0], theme))
		}
	}
	b.do(chromedp.EmulateViewport(1280, 800), emulate())
}

// picture takes the screenshot of the README.
func (b *browser) picture() {
	b.t.Helper()
	b.wear(1280, 910, "light")
	evaluate[any](b, `document.querySelector(".grant").scrollIntoView(); document.querySelector("#azure").scrollTop -= 6`)
	b.shot("jitdemo")
	b.do(chromedp.EmulateViewport(1280, 800), emulate())
}

func (b *browser) wear(wide, high int64, theme string) {
	b.t.Helper()
	b.do(
		chromedp.EmulateViewport(wide, high),
		emulate(&emulation.MediaFeature{Name: "prefers-color-scheme", Value: theme}, &emulation.MediaFeature{Name: "prefers-reduced-motion", Value: "reduce"}),
	)
}
