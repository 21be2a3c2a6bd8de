package parse

import "strings"

// Fold gives letters, digits and marks of full width, as East Asian keyboards type
// them, their usual form.
func Fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' {
			return r - '！' + '!'
		}
		return r
	}, s)
}
