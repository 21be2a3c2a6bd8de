package program_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// verified runs audit verify, which must find the record whole, and gives the anchor.
func (s *site) verified(args ...string) string {
	s.t.Helper()
	out, errs, code := s.verb(append([]string{"audit", "verify"}, args...)...)
	m := regexp.MustCompile(`\nanchor ([0-9]+:[0-9a-f]{64})\n$`).FindStringSubmatch(out)
	if code != 0 || m == nil || errs != "" {
		s.t.Fatalf("verify %q: exit %d\n%s%s", args, code, out, errs)
	}
	return m[1]
}

// The record is checked and exported while the bot runs, when it does not, and from
// files; what was altered is named.
func TestAuditOfTheProgram(t *testing.T) {
	t.Parallel()
	s, p, id := opened(t)
	anchor := s.verified()
	out, errs, code := s.verb("audit", "export", "--format", "jsonl")
	if code != 0 || errs != "" || !strings.Contains(out, `"kind":"opened","grant":"`+string(id)+`"`) {
		t.Fatalf("export: exit %d\n%s%s", code, out, errs)
	}
	file := filepath.Join(t.TempDir(), "record.jsonl")
	s.write(file, out)
	s.verified(file, "--anchor", anchor)
	s.want(0, "proved complete up to line", "audit", "verify", "--anchor", anchor)

	s.write(file, strings.Replace(out, `"kind":"opened"`, `"kind":"closed"`, 1))
	s.want(1, "was altered", "audit", "verify", file)
	s.write(file, strings.Replace(out, `"kind":"opened"`, `"Kind":"opened"`, 1))
	s.want(1, "is not written as jitbot writes it", "audit", "verify", file)
	lines := strings.SplitAfter(out, "\n")
	s.write(file, lines[0]+strings.Join(lines[2:], ""))
	s.want(1, "line 2 is missing", "audit", "verify", file)
	s.write(file, lines[0])
	s.want(1, "line 2 is missing, and the anchor proves", "audit", "verify", file, "--anchor", anchor)
	s.want(0, "not proved complete", "audit", "verify", file)
	s.want(2, "is no anchor", "audit", "verify", "--anchor", "7")
	s.want(2, "opening the record", "audit", "verify", file+".none")
	s.write(file, "neither")
	s.want(2, "is not a store of jitbot", "audit", "verify", file)

	out, _, _ = s.verb("audit", "export", "--format", "csv", "--grant", string(id), "--since", "1h", "--user", "u0ada", "--vm", "web-1")
	if rows, err := csv.NewReader(strings.NewReader(out)).ReadAll(); err != nil || len(rows) != 1 {
		t.Errorf("ids are as they are written: %d rows, %v", len(rows), err)
	}
	out, _, _ = s.verb("audit", "export", "--format", "csv", "--grant", string(id), "--since", "1h", "--user", "U0ADA", "--vm", "web-1")
	if rows, err := csv.NewReader(strings.NewReader(out)).ReadAll(); err != nil || len(rows) != 6 {
		t.Errorf("%d rows, %v\n%s", len(rows), err, out)
	}
	s.want(2, "is no time", "audit", "export", "--since", "yesterday")
	s.want(2, "write jsonl or csv", "audit", "export", "--format", "xml")

	copied := filepath.Join(t.TempDir(), "copy.db")
	s.want(0, "is a whole copy", "backup", copied)
	s.verified(copied, "--anchor", anchor)
	p.kill()
	s.verified("--anchor", anchor)
	data, err := os.ReadFile(s.store())
	if err != nil {
		t.Fatal(err)
	}
	// Everywhere: pages that are free hold older copies of the line.
	data = bytes.ReplaceAll(data, []byte(`"kind":"opened"`), []byte(`"kind":"closed"`))
	s.write(s.store(), string(data))
	s.want(1, "the record's chain is broken", "audit", "verify")
}
