package reach

import (
	"testing"
)

const defenderHex = "9EF6964FE766478B9EC568B32FB82045"

func TestDefenderRule(t *testing.T) {
	for name, want := range map[string]string{
		"SecurityCenter-JITRule_-1105480617_" + defenderHex:     "deny",
		"SecurityCenter-JITRule_1105480617_" + defenderHex:      "deny",
		"SecurityCenter-JITRule-1105480617-" + defenderHex:      "allow",
		"SecurityCenter-JITRule--1105480617-" + defenderHex:     "allow",
		"securitycenter-jitrule_1_" + defenderHex:               "deny",
		"SecurityCenter-JITRule":                                "",
		"SecurityCenter-JITRule_1_" + defenderHex[1:]:           "",
		"SecurityCenter-JITRule_1_" + defenderHex + "0":         "",
		"SecurityCenter-JITRule_1-" + defenderHex:               "",
		"SecurityCenter-JITRule__" + defenderHex:                "",
		"SecurityCenter-JITRule_x_" + defenderHex:               "",
		"my-SecurityCenter-JITRule_1_" + defenderHex:            "",
		"SecurityCenter-JITRule_11054806170_" + defenderHex:     "",
		"SecurityCenter-JITRule.1105480617." + defenderHex:      "",
		"SecurityCenter-JITRule_1_ZEF6964FE766478B9EC568B32FB8": "",
	} {
		allow, ok := defenderRule(name)
		if got := map[bool]string{true: "allow", false: "deny"}[allow]; ok != (want != "") || ok && got != want {
			t.Errorf("%s: %s %t, want %q", name, got, ok, want)
		}
	}
}
