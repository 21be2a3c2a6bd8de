package view

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"jitbot/bot/command"
	"jitbot/jit"
	"jitbot/jit/text"
)

// maxWords is how many VMs one line may name; a tag is one word.
const maxWords = 100

// ShownVMs are the VMs that a form is for, as it carries them.
type ShownVMs struct {
	Words []string `json:"words"` // that name them
	Are   string   `json:"are"`   // of VMsDigest, which they were when the form was shown
}

// VMsDigest tells whether some words still mean the same machines: another machine
// under an old name is another.
func VMsDigest(vms []jit.VM) string {
	var all []string
	for _, vm := range vms {
		all = append(all, strings.ToLower(vm.ID+"|"+vm.VMID))
	}
	slices.Sort(all)
	sum := sha256.Sum256([]byte(strings.Join(all, "\n")))
	return hex.EncodeToString(sum[:16])
}

// PackVMs is what a form carries of its VMs. Too many words are a *jit.Refusal.
func PackVMs(shown ShownVMs) (string, error) {
	raw, err := json.Marshal(shown)
	if err != nil {
		return "", fmt.Errorf("packing the names of VMs: %w", err)
	}
	if len(shown.Words) > maxWords || len(raw) > MaxInput-len(VMsDigest(nil)) {
		return "", jit.Refuse(jit.ErrInput, "That names too many VMs at once; name fewer, or a tag that all of them have.")
	}
	return string(raw), nil
}

// UnpackVMs reads back what PackVMs made, which may have been altered: the error
// is a *jit.Refusal.
func UnpackVMs(metadata string) (ShownVMs, error) {
	bad := jit.Refuse(jit.ErrInput, "This form names no VM; close it and type /jit protect again.")
	var shown ShownVMs
	err := json.Unmarshal([]byte(metadata), &shown)
	if err != nil || len(shown.Words) == 0 || len(shown.Words) > maxWords || len(metadata) > MaxInput {
		return ShownVMs{}, bad
	}
	for _, word := range shown.Words {
		if word == "" || word != text.Clean(word) || command.CheckVM(word) != nil {
			return ShownVMs{}, bad
		}
	}
	return shown, nil
}
