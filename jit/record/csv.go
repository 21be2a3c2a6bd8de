package record

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"jitbot/jit"
)

// CSV writes lines as a table for spreadsheets. A cell that one of them would run as a
// formula begins with an apostrophe.
type CSV struct{ w *csv.Writer }

// NewCSV writes the head of the table.
func NewCSV(w io.Writer) (*CSV, error) {
	c := &CSV{w: csv.NewWriter(w)}
	err := c.w.Write([]string{
		"seq", "at", "kind", "grant", "actor", "actor_name", "subject", "subject_name", "vms", "ports", "sources", "until", "text",
		"prev", "hash",
	})
	if err != nil {
		return nil, fmt.Errorf("writing the head of the table: %w", err)
	}
	return c, nil
}

// Write writes one line.
func (c *CSV) Write(e jit.Event) error {
	ports := make([]string, 0, len(e.Ports))
	for _, p := range e.Ports {
		ports = append(ports, p.String())
	}
	cells := []string{
		strconv.FormatUint(e.Seq, 10), instant(e.At), string(e.Kind), string(e.Grant),
		string(e.Actor.ID), e.Actor.Name, string(e.Subject.ID), e.Subject.Name,
		strings.Join(e.VMs, " "), strings.Join(ports, " "), strings.Join(e.Sources, " "), instant(e.Until), e.Text, e.Prev, e.Hash,
	}
	for i, cell := range cells {
		cells[i] = harmless(cell)
	}
	if err := c.w.Write(cells); err != nil {
		return fmt.Errorf("writing line %d: %w", e.Seq, err)
	}
	return nil
}

// Flush writes what is held back.
func (c *CSV) Flush() error {
	c.w.Flush()
	return c.w.Error() //nolint:wrapcheck // of the writer that the caller gave
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// harmless keeps a cell from being run. Spreadsheets skip blanks and control
// characters before they look.
// https://owasp.org/www-community/attacks/CSV_Injection
func harmless(cell string) string {
	begins := strings.TrimLeftFunc(cell, func(r rune) bool { return r <= ' ' || r == '\uFEFF' || r == '\u00A0' || r == '\'' || r == '"' })
	if begins != "" && strings.ContainsRune("=+-@|%＝＋－＠", []rune(begins)[0]) {
		return "'" + cell
	}
	return cell
}
