package main

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"jitbot/jit/text"
)

const columns = 80 // of a terminal, as manuals are set for

// terminal reports whether somebody reads what is written there, and no program.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// colour marks a word on a terminal, unless NO_COLOR is set.
type colour string

const (
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
)

// screen is what is written to somebody who reads it, or to a program.
type screen struct {
	wide    bool // a program reads it: nothing is cut or folded
	colours bool
}

func (c *cli) screen() screen {
	reads := terminal(c.out)
	return screen{wide: !reads, colours: reads && c.env("NO_COLOR") == ""}
}

func (s screen) paint(word string, c colour) string {
	if !s.colours || c == "" {
		return word
	}
	return "\x1b[" + string(c) + "m" + word + "\x1b[0m"
}

// fold breaks a text at the terminal's edge; lines after the first are set in.
func (s screen) fold(t, indent string) string {
	t = text.Clean(t)
	if s.wide {
		return t
	}
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(t) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= columns:
			line += " " + word
		default:
			lines, line = append(lines, line), indent+word
		}
	}
	return strings.Join(append(lines, line), "\n")
}

// row is a line of a table; colour is of its second cell.
type row struct {
	cells  []string
	colour colour
}

// table sets rows in columns, the widest of which are cut until a line fits the
// terminal.
func (s screen) table(rows []row) string {
	widths := make([]int, len(rows[0].cells))
	for _, r := range rows {
		for i, cell := range r.cells {
			r.cells[i] = text.Clean(cell)
			widths[i] = max(widths[i], utf8.RuneCountInString(r.cells[i]))
		}
	}
	if !s.wide {
		narrow(widths)
	}
	var b strings.Builder
	for _, r := range rows {
		var line strings.Builder
		for i, cell := range r.cells {
			cell = clip(cell, widths[i])
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+gap)
			if i == 1 {
				cell = s.paint(cell, r.colour)
			}
			line.WriteString(cell + pad)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

const gap = 2 // between columns

// narrow cuts the widest columns until all fit the terminal.
func narrow(widths []int) {
	total := gap * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	for ; total > columns; total-- {
		widest := 0
		for i, w := range widths {
			if w > widths[widest] {
				widest = i
			}
		}
		widths[widest]--
	}
}

// clip cuts a text to n characters, of which the last one says so.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:max(0, n-1)]) + "…"
}
