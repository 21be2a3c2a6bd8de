package view_test

import (
	"strings"
	"testing"

	"jitbot/bot/command"
	"jitbot/bot/view"
)

func TestHelp(t *testing.T) {
	help := view.Help()
	golden(t, "help", help)
	for _, s := range command.Commands() {
		golden(t, "help-"+string(s.Verb), view.HelpOf(s.Verb))
		lines := 0
		for line := range strings.Lines(help.Text) {
			if strings.HasPrefix(line, "`/jit "+s.Usage+"` ") {
				lines++
			}
			if n := len(strings.Fields(line)); n > 30 {
				t.Errorf("%d words are in the line %s", n, line)
			}
		}
		if lines != 1 {
			t.Errorf("the help has %d lines of %s", lines, s.Verb)
		}
	}
	if got := view.HelpOf("nonsense").Text; got != help.Text {
		t.Errorf("of nonsense it is said %s", got)
	}
}

func TestFormAnswersRememberTheLine(t *testing.T) {
	golden(t, "form-answer", view.FormAnswer("Something is missing in that line.", "request web-1 ssh"))
	golden(t, "form-answer-long", view.FormAnswer("Something is missing in that line.", strings.Repeat("x", 2001)))
	golden(t, "form-answer-protect", view.ProtectAnswer("protect web-1"))
}
