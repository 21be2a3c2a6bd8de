package reach

import "strings"

// defenderRule tells a just-in-time rule of Microsoft Defender for Cloud by
// its name: SecurityCenter-JITRule_<number>_<32 hex digits> denies,
// SecurityCenter-JITRule-<number>-<32 hex digits> allows. The number may be
// negative.
func defenderRule(name string) (allow, ok bool) {
	const prefix = "SecurityCenter-JITRule"
	if len(name) <= len(prefix) || !strings.EqualFold(name[:len(prefix)], prefix) {
		return false, false
	}
	separator := name[len(prefix) : len(prefix)+1]
	number, hex, found := strings.Cut(strings.TrimPrefix(name[len(prefix)+1:], "-"), separator)
	if !found || separator != "_" && separator != "-" {
		return false, false
	}
	digits := len(number) > 0 && len(number) <= 10 && strings.Trim(number, "0123456789") == ""
	return separator == "-", digits && len(hex) == 32 && strings.Trim(hex, "0123456789abcdefABCDEF") == ""
}
