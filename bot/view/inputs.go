package view

import "slices"

// The forms, by their callback_id.
const (
	FormRequest = "request" // asks for access
	FormProtect = "protect" // protects VMs
	FormDeny    = "deny"    // asks why a request is denied
)

// The inputs of forms; their blocks and actions are called alike.
const (
	InputVM       = "vm"
	InputPorts    = "ports"
	InputRanges   = "ranges"
	InputSource   = "source"
	InputDuration = "duration"
	InputUsual    = "usual" // durations to choose from
	InputReason   = "reason"

	// BlockPortsAgain takes the place of the ports' block when what is ticked
	// must change: in a block that stays, Slack keeps the ticks there were.
	BlockPortsAgain = "ports_again"

	// BlockDurationAgain takes the place of the duration's block when what is written
	// there goes, because a usual one was chosen.
	BlockDurationAgain = "duration_again"

	AllRanges = "all" // the one option of InputRanges
)

// The inputs of a port in the form that protects VMs, of RowInput.
const (
	RowPort     = "port"
	RowProtocol = "protocol" // of the access that may be asked for
	RowFrom     = "from"
	RowLongest  = "longest"
)

// Slack's limits of inputs, and how much of one is read.
// https://docs.slack.dev/reference/block-kit
const (
	MaxOptions    = 100  // of a menu
	MaxOptionText = 75   // characters of an option or of its value
	MaxInput      = 3000 // characters of a text input, and of private_metadata
	maxChecks     = 10   // checkboxes of a group
)

// Redraws reports whether what is done in an input of the form that asks for access
// changes what else the form shows.
func Redraws(action string) bool {
	return slices.Contains([]string{InputVM, InputPorts, InputRanges, InputSource, InputDuration, InputUsual}, action)
}
