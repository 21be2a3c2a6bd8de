package arrows_test

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../../.." // of the module

// listed is what go list says of a package, ours or not.
type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string // without those of its tests
	Deps       []string
}

// name is the package's below the module, and whether it is ours.
func (l listed) name() (string, bool) { return strings.CutPrefix(l.ImportPath, module+"/") }

// list asks go list for every package of the module and all that they need.
func list(t *testing.T) map[string]listed {
	t.Helper()
	c := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Standard,Imports,Deps", "./...")
	c.Dir, c.Stderr = root, t.Output()
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	all := map[string]listed{}
	for d := json.NewDecoder(out); ; {
		var l listed
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all[l.ImportPath] = l
	}
	if err := c.Wait(); err != nil {
		t.Fatalf("go list: %v", err)
	}
	return all
}

// TestArrows holds every package to its row of the table.
func TestArrows(t *testing.T) {
	watch(t)
	all := list(t)
	rows := map[string]row{}
	for _, r := range table() {
		rows[r.pkg] = r
		if _, there := all[module+"/"+r.pkg]; !there {
			t.Errorf("the table has a row for %s, which does not exist: such a row holds for ever", r.pkg)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(all)) {
		l := all[path]
		name, ours := l.name()
		if !ours {
			continue
		}
		r, known := rows[name]
		if !known {
			t.Errorf("%s has no row in the table of what it may import", name)
			continue
		}
		for _, i := range l.Imports {
			if other, ours := all[i].name(); ours && !slices.Contains(r.may, other) {
				t.Errorf("%s imports %s: %s", name, other, r.why)
			}
		}
	}
}

// TestArrowsToOthers holds what is not ours and yet not for everybody.
func TestArrowsToOthers(t *testing.T) {
	watch(t)
	all := list(t)
	deps := func(pkg string) []string { return all[module+"/"+pkg].Deps }
	for _, r := range domain() {
		for _, dep := range deps(r.pkg) {
			if _, ours := all[dep].name(); !ours && !all[dep].Standard {
				t.Errorf("%s needs %s, directly or not: the domain uses the standard library only", r.pkg, dep)
			}
		}
	}
	forTests := []string{"testing", "net/http/httptest"}
	for _, r := range simulators() {
		for _, dep := range deps(r.pkg) {
			vendor := strings.HasPrefix(dep, "github.com/slack-go/") || strings.HasPrefix(dep, "github.com/Azure/")
			if vendor || slices.Contains(forTests, dep) {
				t.Errorf("%s needs %s, directly or not: %s", r.pkg, dep, r.why)
			}
		}
	}
	for _, dep := range deps("cmd/jitbot") {
		if name, _ := all[dep].name(); slices.ContainsFunc(slices.Concat(simulators(), tests()), func(r row) bool { return r.pkg == name }) ||
			slices.Contains(forTests, dep) {
			t.Errorf("the bot's program holds %s, which only tests need", dep)
		}
	}
	for _, dep := range deps("cmd/internal/config") {
		if strings.HasPrefix(dep, "github.com/") {
			t.Errorf("the configuration needs %s, directly or not: it connects to nothing", dep)
		}
	}
}

func TestTopLevelFolders(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		known := slices.Contains(append(folders(), "bin"), e.Name())
		if e.IsDir() && !known && !strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s: a folder at the top level is one of cmd, bot, jit, store; bin holds what make builds", e.Name())
		}
	}
}

// folders are those with code.
func folders() []string { return []string{"cmd", "bot", "jit", "store"} }

// watch reads every folder of ours, because go test keeps a result until a file
// changes that the test itself looked at, and go list is another process.
func watch(t *testing.T) {
	t.Helper()
	for _, dir := range folders() {
		if err := filepath.WalkDir(filepath.Join(root, dir), func(_ string, _ fs.DirEntry, err error) error { return err }); err != nil {
			t.Fatal(err)
		}
	}
}
