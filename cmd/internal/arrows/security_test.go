package arrows_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// SECURITY.md names a promise, a fault and a test in each row of its table, and
// each of these tests exists.
func TestSecurityTable(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(root, ".github", "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	promised := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^(\d+)\. \S`).FindAllStringSubmatch(text, -1) {
		promised[m[1]] = false
	}
	_, table, found := strings.Cut(text, "| promise | fault | test |\n| --- | --- | --- |\n")
	if !found {
		t.Fatal("the table is gone")
	}
	named := regexp.MustCompile("^`([a-z0-9/]+)\\.(Test[A-Za-z0-9]+)`$")
	for line := range strings.Lines(table) {
		line = strings.TrimSpace(line)
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != 3 {
			t.Errorf("no row of three: %s", line)
			continue
		}
		promise, fault, test := strings.TrimSpace(cells[0]), strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])
		if _, known := promised[promise]; !known {
			t.Errorf("%q is no promise: %s", promise, line)
		}
		promised[promise] = true
		if fault == "" {
			t.Errorf("no fault: %s", line)
		}
		m := named.FindStringSubmatch(test)
		if m == nil {
			t.Errorf("%q names no test: %s", test, line)
		} else if !testsOf(t, m[1])[m[2]] {
			t.Errorf("%s has no %s", m[1], m[2])
		}
	}
	for promise, shown := range promised {
		if !shown {
			t.Errorf("no test shows promise %s", promise)
		}
	}
}

// testsOf are the names of the tests in the folder of a package.
func testsOf(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(folder), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				tests[f.Name.Name] = true
			}
		}
	}
	return tests
}
