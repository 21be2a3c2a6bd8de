package form

import (
	"jitbot/bot/view"
)

// AnyInput is an input that the form has, to say at what concerns all of it.
func AnyInput(i Interaction) string {
	if i.View.Callback == view.FormProtect {
		for _, r := range ReadRows(i) {
			return view.RowInput(view.RowPort, r.ID)
		}
		return view.RowInput(view.RowPort, 1)
	}
	if i.View.Callback == view.FormLess {
		return view.InputDuration
	}
	return view.InputReason
}

// Check is what is wrong by itself with a form that protects VMs, denies a request, or
// approves less of it.
func Check(i Interaction) Errors {
	errs := Errors{}
	switch i.View.Callback {
	case view.FormProtect:
		_, _, errs = ReadProtection(i)
	case view.FormLess:
		_, _, errs = ReadLess(i)
	default:
		if _, _, err := ReadDenial(i); err != nil {
			errs.Refuse(view.InputReason, err)
		}
	}
	return errs
}
