package view

import (
	"strings"
	"unicode/utf8"

	"jitbot/bot/command"
)

// Help is the answer to /jit help: the commands that there are, one line each.
func Help() Message {
	lines := []string{"*Time-limited access to a VM's ports*", "`/jit` opens a form to ask with"}
	for _, s := range command.Commands() {
		lines = append(lines, "`/jit "+s.Usage+"` "+s.Does)
	}
	lines = append(lines, "`/jit help <command>` has examples. "+
		"_Open_, _closed_ and _in force_ mean that Azure says so; "+untilEverywhere)
	return Say(strings.Join(lines, "\n"))
}

// HelpOf is the answer to /jit help of one command: what it does, with examples.
func HelpOf(v command.Verb) Message {
	s, ok := command.Of(v)
	if !ok || s.Instead != "" {
		return Help()
	}
	lines := []string{"`/jit " + s.Usage + "` " + s.Does + "."}
	for _, e := range s.Examples {
		lines = append(lines, "• `/jit "+e.Line+"`: "+e.Does)
	}
	if s.Notes != "" {
		lines = append(lines, s.Notes)
	}
	if len(s.Table) > 0 {
		lines = append(lines, s.TableHead, helpTable(s.Table))
	}
	return Say(strings.Join(lines, "\n"))
}

// helpTable has its columns under each other.
func helpTable(rows [][2]string) string {
	width := 0
	for _, row := range rows {
		width = max(width, utf8.RuneCountInString(row[0]))
	}
	lines := make([]string, 0, len(rows))
	for _, row := range rows {
		lines = append(lines, row[0]+strings.Repeat(" ", width-utf8.RuneCountInString(row[0]))+"  "+row[1])
	}
	return "```\n" + strings.Join(lines, "\n") + "\n```"
}
