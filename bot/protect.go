package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
)

// askProtect opens the form that protects VMs, with what was typed.
func (b *Bot) askProtect(ctx context.Context, e envelope, l typedLine, typed jit.Ask) {
	if _, err := packed(typed.VMs); err != nil {
		text, _ := sentence(err)
		b.ackSay(ctx, e, text)
		return
	}
	f := opening{to: reply{url: l.ResponseURL, user: l.User}, trigger: l.Trigger, typed: typed, protect: true}
	taken := b.prompt.offer(func(ctx context.Context) {
		b.ack(ctx, e, nil)
		b.openForm(ctx, f)
	})
	if !taken {
		b.ackSay(ctx, e, crowded)
	}
}

// maxWords is how many VMs one line may name; a tag is one word.
const maxWords = 100

// packed are the words of VMs as the form carries them.
func packed(words []string) (string, error) {
	raw, err := json.Marshal(words)
	if err != nil {
		return "", fmt.Errorf("packing the names of VMs: %w", err)
	}
	if len(words) > maxWords || len(raw) > maxInput {
		return "", jit.Refuse(jit.ErrInput, "That names too many VMs at once; name fewer, or a tag that all of them have.")
	}
	return string(raw), nil
}

// unpacked reads the words back, which may have been altered.
func unpacked(metadata string) ([]string, error) {
	bad := jit.Refuse(jit.ErrInput, "This form names no VM; close it and type /jit protect again.")
	var words []string
	if err := json.Unmarshal([]byte(metadata), &words); err != nil || len(words) == 0 || len(words) > maxWords || len(metadata) > maxInput {
		return nil, bad
	}
	for _, word := range words {
		if word == "" || word != jit.CleanText(word) || checkVM(word) != nil {
			return nil, bad
		}
	}
	return words, nil
}

// protectDraft is what the form begins with: what is on offer at the VMs, and
// where there is no offer in common what Defender for Cloud begins with.
func (b *Bot) protectDraft(ctx context.Context, by jit.UserID, typed jit.Ask) (ProtectDraft, error) {
	d := ProtectDraft{Words: typed.VMs}
	o, err := b.Service.Offer(ctx, by, typed.VMs)
	switch {
	case errors.Is(err, jit.ErrPolicy):
		d.begin(jit.Offer{}, typed.Ports)
		d.Note = "No policy offers the same ports at all of these VMs, so the form begins with the usual ones."
	case err != nil:
		return d, err //nolint:wrapcheck // a refusal stays one
	default:
		d.begin(o, typed.Ports)
	}
	for _, vm := range o.VMs {
		d.VMs = append(d.VMs, vmText(vm))
	}
	return d, nil
}

// protected carries out a stored form. There is no response URL, so the answer
// is a direct message.
func (b *Bot) protected(ctx context.Context, i interaction) Screen {
	words, ports, errs := readProtection(i)
	if len(errs) > 0 {
		return say("Your form could not be taken, so nothing was protected:\n" + errs.text())
	}
	// What the form does not ask for is the policy's; a doubt is no hindrance.
	if o, err := b.Service.Offer(ctx, i.User.ID, words); err == nil {
		for n, pp := range ports {
			if policy, _, ok := offered(pp.Ports, o); ok {
				ports[n].Shortest = min(policy.Shortest, pp.Longest)
			}
		}
	}
	results, err := b.Service.Protect(ctx, i.User.ID, words, ports)
	if err != nil {
		return b.trouble(ctx, string(VerbProtect), i.User.ID, "", err)
	}
	b.logResults(ctx, VerbProtect, i.User.ID, results)
	return Results(VerbProtect, results)
}

func (b *Bot) unprotect(ctx context.Context, by jit.UserID, words []string) Screen {
	results, err := b.Service.Unprotect(ctx, by, words)
	if err != nil {
		return b.trouble(ctx, string(VerbUnprotect), by, "", err)
	}
	b.logResults(ctx, VerbUnprotect, by, results)
	return Results(VerbUnprotect, results)
}

func (b *Bot) logResults(ctx context.Context, v Verb, by jit.UserID, results []jit.Result) {
	for _, r := range results {
		if r.Err != nil {
			b.logFault(ctx, string(v)+" of "+r.VM.ID, by, "", r.Err)
			continue
		}
		b.Log.InfoContext(ctx, "changed a protection", "action", string(v), "user", by, "vm", r.VM.ID)
	}
}

// Results tells what became of each VM: what was refused first, with its
// reason.
func Results(v Verb, results []jit.Result) Screen {
	var refused, done []string
	for _, r := range results {
		name := code(r.VM.Group + "/" + r.VM.Name)
		if r.Err != nil {
			text, _ := sentence(r.Err)
			refused = append(refused, name+" was not changed: "+text)
			continue
		}
		done = append(done, name)
	}
	lines, what := refused, "Being protected: "
	after := "The channel is told of each when its denies were read back in force."
	if v == VerbUnprotect {
		what, after = "Being unprotected: ", "Exactly jitbot's denies are removed, and the channel is told of each when they were read back gone."
	}
	for names := range slices.Chunk(done, maxTargets) {
		lines = append(lines, what+strings.Join(names, ", ")+".")
	}
	switch {
	case len(done) > 0:
		lines = append(lines, after)
	case len(results) == 0:
		lines = append(lines, "That names no VM, so nothing was changed.")
	}
	return pages(lines)
}

// pages is a message of many lines, as many of them as Slack takes.
func pages(lines []string) Screen {
	var blocks []slack.Block
	size, text := 0, ""
	for i, line := range lines {
		line = shorten(line, maxSection)
		if size += len(line); size > maxListText || len(blocks) == maxBlocks-1 {
			more := plural(len(lines)-i, "more line is not shown.", "more lines are not shown; /jit vms shows what is protected.")
			return Screen{Text: shorten(text+"\n"+more, maxText), Blocks: append(blocks, footnote(more))}
		}
		blocks, text = append(blocks, paragraph(line)), strings.TrimPrefix(text+"\n"+line, "\n")
	}
	return Screen{Text: shorten(text, maxText), Blocks: blocks}
}
