package house_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../../.."

var (
	adapters   = []string{"jitbot/bot", "jitbot/jit/azure", "jitbot/store"}
	simulators = []string{"jitbot/bot/slacksim", "jitbot/jit/azure/azuresim"}
	testOnly   = []string{"testing", "net/http/httptest"}
)

// list runs go list in the module's root and returns its lines.
func list(t *testing.T, args ...string) []string {
	t.Helper()
	c := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	c.Dir, c.Stderr = root, t.Output()
	out, err := c.Output()
	if err != nil {
		t.Fatalf("go list %s: %v", strings.Join(args, " "), err)
	}
	return strings.Fields(string(out))
}

// imported is what the package needs, itself excepted; without its tests.
func imported(t *testing.T, pkg string) []string {
	t.Helper()
	return slices.DeleteFunc(list(t, "-deps", pkg), func(dep string) bool { return dep == pkg })
}

func forbid(t *testing.T, pkg string, deps []string, why string, bad func(dep string) bool) {
	t.Helper()
	for _, dep := range deps {
		if bad(dep) {
			t.Errorf("%s imports %s, directly or not: %s", pkg, dep, why)
		}
	}
}

func in(sets ...[]string) func(string) bool {
	all := slices.Concat(sets...)
	return func(dep string) bool { return slices.Contains(all, dep) }
}

func under(prefix string) func(string) bool {
	return func(dep string) bool { return dep == prefix || strings.HasPrefix(dep, prefix+"/") }
}

func TestArrows(t *testing.T) {
	watch(t)
	// A rule about a package that was renamed would hold for ever.
	list(t, slices.Concat(adapters, simulators, testOnly, []string{"jitbot/jit", "jitbot/cmd/jitbot", "jitbot/cmd/jitdemo"})...)

	forbid(t, "jitbot/jit", list(t, "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "jitbot/jit"),
		"the domain uses the standard library only", func(dep string) bool { return dep != "jitbot/jit" })
	for _, pkg := range adapters {
		deps := imported(t, pkg)
		forbid(t, pkg, deps, "adapters do not know each other", in(adapters))
		forbid(t, pkg, deps, "cmd ties the adapters together", under("jitbot/cmd"))
	}
	for _, pkg := range simulators {
		deps := imported(t, pkg)
		forbid(t, pkg, deps, "a simulator speaks the wire and knows nothing of ours", under("jitbot"))
		forbid(t, pkg, deps, "a simulator has no vendor types", under("github.com/slack-go"))
		forbid(t, pkg, deps, "a simulator has no vendor types", under("github.com/Azure"))
		forbid(t, pkg, deps, "jitdemo serves the simulators", in(testOnly))
	}
	forbid(t, "jitbot/cmd/jitbot", imported(t, "jitbot/cmd/jitbot"), "the bot's program holds nothing that only tests need",
		in(simulators, testOnly, []string{"jitbot/store/storetest"}))
	for _, pkg := range list(t, "./...") {
		if pkg != "jitbot/cmd/jitdemo" && !strings.HasPrefix(pkg, "jitbot/cmd/jitdemo/") {
			forbid(t, pkg, imported(t, pkg), "only jitdemo and tests simulate", in(simulators))
		}
	}
}

func TestTopLevelFolders(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		known := slices.Contains([]string{"cmd", "bot", "jit", "store", "bin"}, e.Name())
		if e.IsDir() && !known && !strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s: a folder at the top level is one of cmd, bot, jit, store; bin holds what make builds", e.Name())
		}
	}
}

// watch reads every folder of ours, because go test keeps a result until a file
// changes that the test itself looked at, and go list is another process.
func watch(t *testing.T) {
	t.Helper()
	for _, dir := range []string{"cmd", "bot", "jit", "store"} {
		if err := filepath.WalkDir(filepath.Join(root, dir), func(_ string, _ fs.DirEntry, err error) error { return err }); err != nil {
			t.Fatal(err)
		}
	}
}
