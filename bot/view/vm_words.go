package view

import (
	"encoding/json"
	"fmt"

	"jitbot/bot/command"
	"jitbot/jit"
)

// maxWords is how many VMs one line may name; a tag is one word.
const maxWords = 100

// PackVMs are the words that name VMs as a form carries them. Too many are a
// *jit.Refusal.
func PackVMs(words []string) (string, error) {
	raw, err := json.Marshal(words)
	if err != nil {
		return "", fmt.Errorf("packing the names of VMs: %w", err)
	}
	if len(words) > maxWords || len(raw) > MaxInput {
		return "", jit.Refuse(jit.ErrInput, "That names too many VMs at once; name fewer, or a tag that all of them have.")
	}
	return string(raw), nil
}

// UnpackVMs reads back what PackVMs made, which may have been altered: the error
// is a *jit.Refusal.
func UnpackVMs(metadata string) ([]string, error) {
	bad := jit.Refuse(jit.ErrInput, "This form names no VM; close it and type /jit protect again.")
	var words []string
	if err := json.Unmarshal([]byte(metadata), &words); err != nil || len(words) == 0 || len(words) > maxWords || len(metadata) > MaxInput {
		return nil, bad
	}
	for _, word := range words {
		if word == "" || word != jit.CleanText(word) || command.CheckVM(word) != nil {
			return nil, bad
		}
	}
	return words, nil
}
