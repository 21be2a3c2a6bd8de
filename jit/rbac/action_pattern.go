package rbac

import (
	"strings"
)

// covers reports whether every action that want can mean matches pattern. A
// star of want stands for any text, so only a star of pattern can answer it:
// matching want's star as a letter of its own decides exactly that.
func covers(pattern, want string) bool {
	p, w := strings.ToLower(pattern), strings.ToLower(want)
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(w) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && p[i] == w[j] && w[j] != '*':
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(p[i:], "*") == ""
}

// meets reports whether some action matches both patterns.
func meets(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	// row[j]: a[:i] and b[:j] have a text in common.
	row := make([]bool, len(b)+1)
	row[0] = true
	for j := 1; j <= len(b); j++ {
		row[j] = row[j-1] && b[j-1] == '*'
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = row[0] && a[i-1] == '*'
		for j := 1; j <= len(b); j++ {
			above := row[j]
			if a[i-1] == '*' || b[j-1] == '*' {
				row[j] = above || row[j-1] // the star is empty, or takes the other's letter
			} else {
				row[j] = diagonal && a[i-1] == b[j-1]
			}
			diagonal = above
		}
	}
	return row[len(b)]
}
