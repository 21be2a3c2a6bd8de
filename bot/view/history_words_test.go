package view

import "testing"

// The history has words for each kind of line that there is.
func TestHistoryWords(t *testing.T) {
	for kind := range events() {
		if historyWords()[kind] == "" {
			t.Errorf("there are no words for %s", kind)
		}
	}
	if len(historyWords()) != len(events()) {
		t.Errorf("%d words, %d kinds", len(historyWords()), len(events()))
	}
}
