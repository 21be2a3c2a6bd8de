package arrows_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The map of CONTRIBUTING.md names nothing that is not there, and every package of ours
// below jit, bot and store.
func TestMap(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(root, ".github", "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(raw), "## Where things go")
	text, _, found := strings.Cut(text, "## How it is written")
	if !found {
		t.Fatal("the map is gone")
	}
	var named []string
	for _, m := range regexp.MustCompile("`([a-zA-Z_./]*/[a-zA-Z_./]*)`").FindAllStringSubmatch(text, -1) {
		named = append(named, m[1])
		if _, err := os.Stat(filepath.Join(root, m[1])); err != nil && !strings.Contains(m[1], "testing/") {
			t.Errorf("%s is named and is not there", m[1])
		}
	}
	for _, r := range table() {
		below := strings.HasPrefix(r.pkg, "jit/") || strings.HasPrefix(r.pkg, "bot/") || strings.HasPrefix(r.pkg, "store/")
		if below && !slices.Contains(named, r.pkg) {
			t.Errorf("%s is not on the map", r.pkg)
		}
	}
}
