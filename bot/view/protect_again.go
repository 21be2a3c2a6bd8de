package view

import (
	"encoding/json"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/text"
)

// ActionProtectAgain opens the form that protects VMs with what its value holds.
const ActionProtectAgain = "protect_again"

// Protecting is what was typed for a protection, as a button carries it.
type Protecting struct {
	Words []string     `json:"v"`
	Ports []string     `json:"p,omitempty"` // of a line
	Rows  []ProtectRow `json:"r,omitempty"` // of the form
}

// ProtectAgain opens the form that protects VMs once more. What is too long for a button
// loses its rows; nil where the VMs alone are.
func ProtectAgain(words []string, ports []jit.Ports, rows []ProtectRow) *slack.ButtonBlockElement {
	p := Protecting{Words: words, Rows: rows}
	for _, port := range ports {
		p.Ports = append(p.Ports, portValue(port))
	}
	if b := tryAgain(ActionProtectAgain, packed(p), "the form as it was typed"); b != nil {
		return b
	}
	p.Rows = nil
	return tryAgain(ActionProtectAgain, packed(p), "the form")
}

// UnpackProtecting reads back what the button carries, which may have been altered; false
// when it names no VM. What cannot be read is left out, and the rest is checked like what
// is typed.
func UnpackProtecting(value string) (typed jit.Ask, rows []ProtectRow, ok bool) {
	var p Protecting
	if len(value) > 4*MaxInput || json.Unmarshal([]byte(value), &p) != nil || len(p.Rows) > MaxRows {
		return typed, nil, false
	}
	typed.VMs, typed.Ports = unpackVMs(p.Words), unpackPorts(p.Ports, MaxRows)
	for n, r := range p.Rows {
		r.ID = n + 1
		r.Port, r.From, r.Longest = Clip(text.Clean(r.Port), 20), Clip(text.Clean(r.From), MaxInput), Clip(text.Clean(r.Longest), 20)
		rows = append(rows, r)
	}
	return typed, rows, len(typed.VMs) > 0
}
