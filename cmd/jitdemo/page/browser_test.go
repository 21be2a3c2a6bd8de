package page_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
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
	*rig
	t   *testing.T
	ctx context.Context //nolint:containedctx // it lives as long as its test
	// shots is where screenshots go; empty: nowhere.
	shots string
}

func openPage(t *testing.T, r *rig) *browser {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.WindowSize(1280, 800),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	alloc, stop := chromedp.NewExecAllocator(context.WithoutCancel(r.ctx), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(func() {
		// Closed in order, so that the profile is written no more when it is removed.
		_ = chromedp.Cancel(ctx)
		cancel()
		stop()
	})
	b := &browser{rig: r, t: t, ctx: ctx, shots: os.Getenv("SCREENSHOTS")}
	// The browser lives as long as the context of its first action, so that has no time limit.
	err := chromedp.Listen(ctx, func(ev any) {
		switch ev := ev.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("the page threw: %s %s", ev.ExceptionDetails.Text, ev.ExceptionDetails.Exception.Description)
		case *runtime.EventConsoleAPICalled:
			if ev.Type == runtime.ConsoleAPICalledTypeError {
				t.Errorf("the page complained: %s", ev.Args[0].Value)
			}
		}
	})
	if err != nil {
		t.Fatalf("starting the browser: %v", err)
	}
	b.do(chromedp.Navigate(r.srv.URL))
	return b
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 15*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText`))
		b.t.Fatalf("%v; the page reads:\n%s", err, text)
	}
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
		b.t.Fatalf("evaluating %s: %v", js, err)
	}
	return v
}

// until waits for a condition in JavaScript.
func (b *browser) until(what, js string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](js, chromedp.WithPollingTimeout(10*time.Second))); err != nil {
		text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText`))
		b.shot("failed")
		b.t.Fatalf("waiting for %s: %v; the page reads:\n%s", what, err, text)
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

func (b *browser) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

func (b *browser) keys(text string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(text))
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

// look takes screenshots in both themes at both widths, and holds that nothing
// makes the page scroll sideways.
func (b *browser) look(name string) {
	b.t.Helper()
	for _, size := range [][2]int64{{1280, 800}, {800, 900}} {
		for _, theme := range []string{"light", "dark"} {
			b.do(
				chromedp.EmulateViewport(size[0], size[1]),
				emulate(&emulation.MediaFeature{Name: "prefers-color-scheme", Value: theme}, &emulation.MediaFeature{Name: "prefers-reduced-motion", Value: "reduce"}),
			)
			wide := evaluate[[]string](b, `[document.documentElement, ...document.querySelectorAll(".scroll, .side, .modal-body, .wide, .guard, .try li")].filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.id || e.className || e.tagName)`)
			if len(wide) > 0 {
				b.t.Errorf("%s at %d: scrolls sideways: %s", name, size[0], strings.Join(wide, ", "))
			}
			b.shot(fmt.Sprintf("%s-%d-%s", name, size[0], theme))
		}
	}
	b.do(chromedp.EmulateViewport(1280, 800), emulate())
}
