package bot

import (
	"strings"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"jitbot/jit"
)

// Screen is a message: its blocks, and a text that says the same to screen
// readers and in notifications.
type Screen struct {
	Text   string
	Blocks []slack.Block
}

// The actions of buttons; their value is the grant's id.
const (
	actionApprove = "approve"
	actionDeny    = "deny"
	actionRevoke  = "revoke"
	actionDone    = "done"
	actionCancel  = "cancel"
	actionForm    = "request_access" // its value is of no use
)

// Slack's limits. https://docs.slack.dev/reference/block-kit/blocks
const (
	maxBlocks  = 50
	maxSection = 3000
	maxField   = 2000
	maxText    = 4000
	maxContext = 10
)

// say is a message of one paragraph.
func say(text string) Screen {
	return Screen{Text: shorten(text, maxText), Blocks: []slack.Block{paragraph(text)}}
}

// paragraph is a section in mrkdwn. Verbatim, so that Slack makes no links of
// what only looks like one.
func paragraph(text string) slack.Block {
	return slack.NewSectionBlock(mrkdwn(text, maxSection), nil, nil)
}

func mrkdwn(text string, most int) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, shorten(text, most), false, true)
}

func plain(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, text, false, false)
}

// verbatim is a section that shows what somebody wrote, letter by letter.
func verbatim(label, text string) slack.Block {
	return slack.NewSectionBlock(plain(clip(label+jit.CleanText(text), maxSection)), nil, nil)
}

// footnote is small text under a message.
func footnote(lines ...string) slack.Block {
	if len(lines) > maxContext {
		lines = append(lines[:maxContext-1:maxContext-1], plural(len(lines)-maxContext+1, "more note", "more notes"))
	}
	elements := make([]slack.MixedElement, 0, len(lines))
	for _, l := range lines {
		elements = append(elements, mrkdwn(l, maxField))
	}
	return slack.NewContextBlock("", elements...)
}

// shorten cuts mrkdwn at a line or a word, never within an entity, a date or
// a name.
func shorten(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	cut := string([]rune(s)[:most-2])
	if i := strings.LastIndexAny(cut, "\n "); i > 0 {
		cut = cut[:i]
	}
	for strings.Count(cut, "<") != strings.Count(cut, ">") || strings.Count(cut, "`")%2 != 0 {
		i := strings.LastIndexAny(cut, "\n ")
		if i < 0 {
			return "…"
		}
		cut = cut[:i]
	}
	return cut + " …"
}

func button(action string, id jit.ID, words, label string) *slack.ButtonBlockElement {
	b := slack.NewButtonBlockElement(action, string(id), plain(words))
	b.AccessibilityLabel = clip(label, 75)
	return b
}

func approveButton(g jit.Grant) *slack.ButtonBlockElement {
	d := jit.ShortDuration(g.Request.Duration)
	return button(actionApprove, g.ID, "Approve "+d, "Approve "+string(g.ID)+" for "+d).WithStyle(slack.StylePrimary)
}

func denyButton(g jit.Grant) *slack.ButtonBlockElement {
	return button(actionDeny, g.ID, "Deny", "Deny "+string(g.ID)+" and give a reason")
}

func revokeButton(g jit.Grant) *slack.ButtonBlockElement {
	confirm := slack.NewConfirmationBlockObject(
		plain("Revoke "+string(g.ID)+"?"),
		plain("The access ends now, before its time. Connections that are already established are not cut."),
		plain("Revoke"), plain("Keep it")).WithStyle(slack.StyleDanger)
	return button(actionRevoke, g.ID, "Revoke", "Revoke "+string(g.ID)).WithStyle(slack.StyleDanger).WithConfirm(confirm)
}

func doneButton(g jit.Grant) *slack.ButtonBlockElement {
	return button(actionDone, g.ID, "Done, close it", "End my access "+string(g.ID)+" now")
}

func cancelButton(g jit.Grant) *slack.ButtonBlockElement {
	return button(actionCancel, g.ID, "Withdraw request", "Withdraw my request "+string(g.ID))
}

// buttons is a row of them, or no block when there is none.
func buttons(all ...*slack.ButtonBlockElement) []slack.Block {
	if len(all) == 0 {
		return nil
	}
	elements := make([]slack.BlockElement, 0, len(all))
	for _, b := range all {
		elements = append(elements, b)
	}
	return []slack.Block{slack.NewActionBlock("", elements...)}
}
