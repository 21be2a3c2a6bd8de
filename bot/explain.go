package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
)

// maxReasons is how many reasons of one verdict are shown.
const maxReasons = 3

// parseExplain reads <vm> [@user] from the line as Slack sent it: only there a
// mention still says whom it means.
func parseExplain(line string) (Command, error) {
	var people []string
	line = marker.ReplaceAllStringFunc(line, func(m string) string {
		part := marker.FindStringSubmatch(m)
		if part[1] != "@" {
			return m
		}
		people = append(people, part[2])
		return " "
	})
	c := Command{Verb: VerbExplain}
	p := asking{words: strings.Fields(typed(line))}
	if len(p.words) > 0 {
		p.next() // the verb
	}
	if len(p.words) == 0 {
		return c, jit.Refuse(jit.ErrInput, "Name the VM, as in /jit explain web-1.")
	}
	if err := p.vms(); err != nil {
		return c, err
	}
	if len(p.words) > 0 {
		return c, jit.Refuse(jit.ErrInput, "I do not understand %s here; write /jit explain <vm>, and admins may mention somebody after it.", p.words[0])
	}
	if len(p.ask.VMs) != 1 || len(people) > 1 {
		return c, jit.Refuse(jit.ErrInput, "Name one VM, and at most one person.")
	}
	c.Ask.VMs = p.ask.VMs
	if len(people) == 1 {
		if !isUser(people[0]) {
			return c, jit.Refuse(jit.ErrInput, "%s is no member of this workspace.", people[0])
		}
		c.For = jit.UserID(people[0])
	}
	return c, nil
}

// explain answers /jit explain. It changes nothing, so it is not stored.
func (b *Bot) explain(ctx context.Context, l typedLine, c Command) {
	defer b.recovered(ctx, l.reply())
	work, cancel := context.WithTimeout(ctx, scanWithin)
	defer cancel()
	who := c.For
	if who == "" {
		who = l.User
	}
	err := b.Service.Known(work, l.User)
	var e jit.Explanation
	if err == nil {
		e, err = b.Service.Explain(work, l.User, c.Ask.VMs[0], who)
	}
	if err != nil {
		b.answer(ctx, l.reply(), b.trouble(ctx, "an explanation", l.User, "", err))
		return
	}
	b.answer(ctx, l.reply(), ExplainScreen(e))
}

// ExplainScreen is the answer to /jit explain.
func ExplainScreen(e jit.Explanation) Screen {
	lines := []string{explainHead(e)}
	for _, o := range e.Offers {
		lines = append(lines, offerText(o, e.Hidden))
	}
	if !e.Policy || len(e.Offers) == 0 {
		lines = append(lines, "No policy offers a port of it, so nothing may be asked for; ask an admin for one under policies.")
	}
	if e.Hidden {
		lines = append(lines, "What filters it is shown to those who may read it in Azure, to its approvers and to admins.")
	} else {
		lines = append(lines, pathText(e))
	}
	var blocks []slack.Block
	size := 0
	for i, line := range lines {
		if size += len(line); size > maxListText || i == maxBlocks-1 {
			more := plural(len(lines)-i, "more paragraph is not shown.", "more paragraphs are not shown.")
			lines = append(lines[:i:i], more)
			blocks = append(blocks, footnote(more))
			break
		}
		blocks = append(blocks, paragraph(line))
	}
	return Screen{Text: shorten(strings.Join(lines, "\n"), maxText), Blocks: blocks}
}

func explainHead(e jit.Explanation) string {
	line := "*" + code(e.VM.Group+"/"+e.VM.Name) + "*"
	if e.VM.Production() {
		line += " (production)"
	}
	line += " for " + mentionUser(e.For) + ". This is a dry run: nothing was asked for.\n"
	if e.No == nil {
		line += "Rights: all that is required is held, as " + code(e.Who.Name) + "."
	} else {
		line += "Rights: a request would be refused. " + e.No.Say(show)
	}
	words := map[jit.LockState]string{
		jit.Locking: "It is being protected.", jit.Locked: "It is protected: nobody gets to its ports without a grant.",
		jit.Unlocking: "It is being unprotected.", "": "It is not protected: its own rules alone keep its ports open or shut.",
	}[e.Protected]
	return line + "\n" + words
}

// offerText is what may be asked for of one port, and what its state is.
func offerText(o jit.Offered, hidden bool) string {
	lines := []string{fmt.Sprintf("*Port %s* may be asked for from %s, for %s to %s.", portName(o.Port.Ports), accepted(o.Port, o.Widest),
		jit.ShortDuration(o.Port.Shortest), jit.ShortDuration(o.Port.Longest))}
	ask := fmt.Sprintf("For %s from one address ", jit.ShortDuration(o.Duration))
	switch {
	case !o.Named:
		lines = append(lines, ask+"nobody is named to approve, so it would be refused; ask an admin for an entry under approvals.")
	case o.Rule.Required == 0:
		lines = append(lines, ask+"nobody needs to approve: the Azure rights alone decide.")
	default:
		lines = append(lines, ask+plural(o.Rule.Required, "approval is", "approvals are")+" needed, from "+people(o.Rule.Approvers)+".")
	}
	if o.Few != nil {
		lines = append(lines, "It would be refused: "+o.Few.Say(show))
	}
	if hidden {
		return strings.Join(lines, "\n")
	}
	for _, w := range o.Ways {
		lines = append(lines, wayText(w))
	}
	return strings.Join(lines, "\n")
}

func wayText(w jit.Reached) string {
	from := map[string]string{"Internet": "From the internet", "VirtualNetwork": "From the virtual network"}[w.Source]
	lines := []string{from + " it is now " + map[jit.Answer]string{
		jit.AnswerAllow: "*open*", jit.AnswerDeny: "*shut*", jit.AnswerPartly: "*partly open*", jit.AnswerUnknown: "*not known*",
	}[w.Verdict.Decision] + "."}
	for i, why := range w.Verdict.Why {
		if i == maxReasons {
			lines = append(lines, "• "+plural(len(w.Verdict.Why)-i, "more reason", "more reasons"))
			break
		}
		lines = append(lines, "• "+prose(clip(why.Text, 300)))
	}
	return strings.Join(lines, "\n")
}

// pathText is where a grant would be written, and how the VM stands.
func pathText(e jit.Explanation) string {
	var lines []string
	if e.Blocked != nil {
		lines = append(lines, "No grant could open it: "+e.Blocked.Say(show))
	} else {
		var names []string
		for i, g := range e.Guards {
			if i == maxTargets {
				names = append(names, fmt.Sprintf("and %d more", len(e.Guards)-maxTargets))
				break
			}
			name := code(jit.GuardName(g))
			if jit.IsFirewall(g) {
				name += " (" + jit.KindOf(g).Noun() + ")"
			}
			names = append(names, name)
		}
		lines = append(lines, "A grant would write its rule in "+strings.Join(names, ", ")+".")
	}
	lines = append(lines, "As /jit scan has it: *"+string(e.Posture.Class)+"*. "+prose(clip(e.Posture.Why, 400)))
	notes := slices.Concat(e.Posture.Yet, e.Posture.Notes)
	for i, note := range notes {
		if i == maxTargets {
			lines = append(lines, plural(len(notes)-i, "more note", "more notes"))
			break
		}
		lines = append(lines, "• "+prose(clip(note, 300)))
	}
	return strings.Join(lines, "\n")
}
