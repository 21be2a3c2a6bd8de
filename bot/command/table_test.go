package command_test

import (
	"strings"
	"testing"

	"jitbot/bot/command"
)

// A row of the table is all that a command needs: its examples are understood, its help
// is found, and a slip of the keyboard leads to it, or names it where it ends something.
func TestEachRowIsACommand(t *testing.T) {
	for _, s := range command.Commands() {
		if s.Does == "" || len(s.Examples) == 0 || !strings.HasPrefix(s.Usage, string(s.Verb)) {
			t.Errorf("%s has no help: %+v", s.Verb, s)
		}
		for _, e := range s.Examples {
			if c, err := command.Parse(strings.ReplaceAll(e.Line, "@ada", "<@U0ADA>")); err != nil || c.Verb != s.Verb {
				t.Errorf("%s: %+v, %v", e.Line, c, err)
			}
		}
		for _, line := range []string{"help " + string(s.Verb), string(s.Verb) + " help", string(s.Verb) + " -h"} {
			if c, err := command.Parse(line); s.Verb != command.VerbHelp && (err != nil || c.Verb != command.VerbHelp || c.About != s.Verb) {
				t.Errorf("%s: %+v, %v", line, c, err)
			}
		}
		said := command.NoCommand(string(s.Verb) + "x").Error()
		if proposed := strings.Contains(said, "did you mean /jit "+string(s.Verb)+"?"); proposed == s.Ends || strings.Contains(said, "\n") {
			t.Errorf("%sx: %s", s.Verb, said)
		}
	}
}

// No word leads to a line that ends something.
func TestNothingThatEndsIsProposed(t *testing.T) {
	for word := range strings.FieldsSeq("remove delete rm kill close stop end exit quit finish dane dne revok cancle cancal unprotct reject refuse withdraw abort " +
		"terminate kick disable") {
		said := command.NoCommand(word).Error()
		if strings.Contains(said, "did you mean") {
			t.Errorf("%s: %s", word, said)
		}
	}
}
