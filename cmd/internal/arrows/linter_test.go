package arrows_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

var update = flag.Bool("update", false, "rewrite the linter's import rules from the table")

const (
	linterFile = ".golangci.yml"
	begins     = "        # From cmd/internal/arrows/table_test.go; go test ./cmd/internal/arrows -update writes it.\n"
	ends       = "        # To here.\n"
)

// linterRules writes the table as rules of depguard, one a package. A $ behind
// a path means that package and nothing below it.
func linterRules() string {
	inDomain := map[string]bool{}
	for _, r := range domain() {
		inDomain[r.pkg] = true
	}
	var b strings.Builder
	for _, r := range table() {
		var allow []string
		if inDomain[r.pkg] {
			allow = append(allow, "$gostd")
		}
		for _, other := range slices.Sorted(slices.Values(r.may)) {
			allow = append(allow, module+"/"+other+"$")
		}
		mode := "lax"
		if inDomain[r.pkg] {
			mode = "strict"
		}
		fmt.Fprintf(&b, "        %s:\n          list-mode: %s\n", strings.ReplaceAll(r.pkg, "/", "-"), mode)
		fmt.Fprintf(&b, "          files: [\"${config-path}/%s/*.go\", \"!$test\"]\n", r.pkg)
		if len(allow) > 0 {
			fmt.Fprintf(&b, "          allow: [%s]\n", strings.Join(allow, ", "))
		}
		fmt.Fprintf(&b, "          deny:\n            - {pkg: %s/, desc: %q}\n", module, r.why)
	}
	return b.String()
}

// TestArrowsOfTheLinter holds that the linter says what the table says.
func TestArrowsOfTheLinter(t *testing.T) {
	file := filepath.Join(root, linterFile)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begun := strings.Cut(string(data), begins)
	got, after, ended := strings.Cut(rest, ends)
	if !begun || !ended {
		t.Fatalf("%s lacks the lines that the rules stand between:\n%s%s", linterFile, begins, ends)
	}
	want := linterRules()
	if *update {
		if err := os.WriteFile(file, []byte(before+begins+want+ends+after), 0o600); err != nil {
			t.Fatal(err)
		}
		got = want
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-table +linter), -update rewrites it:\n%s", linterFile, diff)
	}
	var c struct {
		Linters struct {
			Enable   []string
			Settings struct {
				Depguard struct{ Rules map[string]any }
			}
		}
	}
	if err := yaml.Load(data, &c); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(c.Linters.Enable, "depguard") {
		t.Error("the linter does not look at imports")
	}
	for _, r := range table() {
		if name := strings.ReplaceAll(r.pkg, "/", "-"); c.Linters.Settings.Depguard.Rules[name] == nil && !*update {
			t.Errorf("the linter has no rule %s: the lines stand elsewhere than among depguard's rules", name)
		}
	}
}
