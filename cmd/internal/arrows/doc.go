// Package arrows holds tests only: which package may import which (table_test.go
// is the one table of that, arrows_test.go holds the module to it, and
// linter_test.go writes the linter's import rules from it), and how the code is
// written where no linter says it (style_test.go).
package arrows
