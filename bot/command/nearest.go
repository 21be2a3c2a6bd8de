package command

import (
	"strings"

	"jitbot/jit"
)

// NoCommand says in one line that a word is no command, and what comes nearest to
// it. What ends something is named, never proposed.
// Of a word that comes near to none it says that nothing is called so.
func NoCommand(word string) error {
	near := nearest(word)
	switch {
	case len(near) == 0:
		return jit.Refuse(jit.ErrInput, "There is no command %s, and no VM of that name that you may see; /jit help lists the commands.", word)
	case near[0].Instead != "":
		return jit.Refuse(jit.ErrInput, near[0].Instead)
	case !near[0].Ends:
		return jit.Refuse(jit.ErrInput, "There is no command %s; did you mean /jit %s?", word, near[0].Verb)
	}
	var ways []string
	for _, s := range near {
		if s.Instead == "" {
			ways = append(ways, string(s.Verb)+" "+s.Does)
		}
	}
	return jit.Refuse(jit.ErrInput, "There is no command %s, so nothing was ended: "+strings.Join(ways, "; ")+". /jit help %s tells how.",
		word, near[0].Verb)
}

// nearest are the commands that a word may mean: by its meaning, else by its letters.
// Where one of them ends something, all that do; else one.
func nearest(word string) []Spec {
	w := strings.ToLower(Bare(word))
	var near []Spec
	ends := false
	for _, s := range table() {
		for other := range strings.FieldsSeq(s.Words) {
			if w == other {
				near, ends = append(near, s), ends || s.Ends
			}
		}
	}
	if len(near) == 0 {
		near = byLetters(w)
	}
	if !ends && len(near) > 1 {
		near = near[:1]
	}
	return near
}

// byLetters is the command whose name, or a word for it, is spelled nearly so.
func byLetters(w string) []Spec {
	var best []Spec
	least := min(3, (len(w)+2)/2) // of a short word a letter
	for _, s := range table() {
		if d := distance(w, string(s.Verb)); d < least {
			best, least = []Spec{s}, d
		}
	}
	for _, s := range table() {
		for other := range strings.FieldsSeq(s.Words) {
			if len(other) > 4 && least > 1 && distance(w, other) == 1 {
				best, least = []Spec{s}, 1
			}
		}
	}
	return best
}

// distance is how many letters must be changed, added or left out to make b of
// a. Words far longer than a command are not measured. jit.Distance also counts
// two letters that changed places as one, which would suggest other commands.
func distance(a, b string) int {
	if len(a) > 20 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// Resembles reports whether a word that is no command comes near to one.
func Resembles(word string) bool { return len(nearest(word)) > 0 }
