// Package form reads what came back from Slack in a form: from the payload of an
// interaction to a request, a protection or the reason of a denial.
//
// It is pure, and believes nothing of a payload but the ids that Slack gives.
// It promises that each field that is missing, altered or out of range is
// answered by one sentence at an input that the form has, and that what it
// returns without errors lies within the offer that it was given (FuzzForm). It
// does not know VMs by themselves, nor who may do what: the service decides
// that again.
//
// It may import jit and jit/access, and of bot/view and bot/command the names
// of inputs, the values of options and the limits that both directions share.
// Forged forms are tested through the socket, in bot.
package form
