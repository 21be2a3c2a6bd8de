package view

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"jitbot/jit"
	"jitbot/jit/lookup"
	"jitbot/jit/resource"
	"jitbot/jit/text"
)

// VMChoice is a VM as the form's menu names it.
type VMChoice struct {
	Key  string // the option's value, of VMKey
	Text string // what people read
	Note string // what they read below it while they choose
}

func (c VMChoice) option() *slack.OptionBlockObject {
	name := clipMiddle(text.Clean(c.Text), MaxOptionText)
	if name == "" {
		name = "?"
	}
	o := slack.NewOptionBlockObject(c.Key, plain(name), nil)
	if note := clipMiddle(text.Clean(c.Note), MaxOptionText); note != "" {
		o.Description = plain(note)
	}
	return o
}

// production comes first, where nothing cuts it off.
const production = "PROD: "

// VMText names a VM in full.
func VMText(vm jit.VM) string {
	text := vm.Name + " in " + vm.Group
	if vm.Production() {
		text = production + text
	}
	return text
}

// ChoiceOf is a VM in a menu; unique says that no other VM has its group and name.
// What tells VMs apart stays when the text is too long: the mark and the name come
// first, and of the group the middle is left out, which stands below as well. Twins
// also have their subscriptions there.
func ChoiceOf(vm jit.VM, unique bool) VMChoice {
	c := VMChoice{Key: VMKey(vm, unique), Note: vm.Group}
	mark, twin := "", ""
	if vm.Production() {
		mark = production
	}
	if !unique {
		sub := resource.Subscription(vm.ID)
		twin = " of " + sub[:min(len(sub), subscriptionLetters)]
		c.Note = clipMiddle(vm.Group, MaxOptionText-len(sub)-len(in)) + in + sub
	}
	room := MaxOptionText - len(mark) - len(twin)
	c.Text = mark + clipMiddle(vm.Name, room)
	if room -= len([]rune(vm.Name)) + len(in); room >= shortestGroup {
		c.Text += in + clipMiddle(vm.Group, room)
	}
	c.Text += twin
	return c
}

const (
	in                  = " in "
	subscriptionLetters = 8
	shortestGroup       = 4 // letters of a group that still say something
)

// clipMiddle shortens a name: what tells names apart is at their ends.
func clipMiddle(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	if n < 3 {
		return Clip(s, max(n, 1))
	}
	return string(r[:n/2]) + "…" + string(r[len(r)-(n-n/2-1):])
}

// maxAck is less than the 20 KB from which on Slack drops acks in silence.
const maxAck = 18 << 10

// optionList are the options of a menu. The library's own leaves an empty list
// out, which Slack takes for no answer.
type optionList struct {
	Options []*slack.OptionBlockObject `json:"options"`
}

// VMOptions answers a menu of VMs with what a search found, cut to what Slack
// takes, which is then said.
func VMOptions(found []lookup.Choice) any {
	names := map[string]int{}
	for _, c := range found {
		names[c.VM.Group+"/"+c.VM.Name]++
	}
	options, size := []*slack.OptionBlockObject{}, 0
	for _, f := range found[:min(len(found), MaxOptions)] {
		c := ChoiceOf(f.VM, names[f.VM.Group+"/"+f.VM.Name] == 1)
		if against := againstChoice(f); against != "" {
			c.Note = against + "; " + clipMiddle(c.Note, max(MaxOptionText-len([]rune(against))-2, shortestGroup))
		}
		o := c.option()
		raw, err := json.Marshal(o)
		if size += len(raw) + 1; err != nil || size > maxAck {
			break
		}
		options = append(options, o)
	}
	if len(options) == len(found) {
		return optionList{options}
	}
	label := plain("The first " + strconv.Itoa(len(options)) + "; type more to narrow")
	return slack.OptionGroupsResponse{OptionGroups: []*slack.OptionGroupBlockObject{slack.NewOptionGroupBlockElement(label, options...)}}
}

// againstChoice says before it is chosen what speaks against a VM.
func againstChoice(c lookup.Choice) string {
	switch {
	case c.Why != "":
		return "cannot be asked for: " + Clip(c.Why, MaxOptionText/2)
	case c.VM.Power != "" && c.VM.Power != "running":
		return "it is off (" + Clip(c.VM.Power, 20) + ")"
	default:
		return ""
	}
}

// HashedKey reports whether a key is a hash, which only all VMs can tell.
func HashedKey(key string) bool { return strings.HasPrefix(key, "#") }

// VMKey names a VM in the value of an option, which is shorter than resource
// ids are: group/name, or a hash of the id where that is too long or means
// several.
func VMKey(vm jit.VM, unique bool) string {
	if key := vm.Group + "/" + vm.Name; unique && len(key) <= MaxOptionText {
		return key
	}
	return vmHash(vm)
}

func vmHash(vm jit.VM) string {
	sum := sha256.Sum256([]byte(strings.ToLower(vm.ID)))
	return "#" + hex.EncodeToString(sum[:16])
}

// VMWord is what the service knows the VM by that VMKey named. A key with a hash
// is looked up among all VMs; false is said of what no option could have.
func VMWord(key string, all []jit.VM) (string, bool) {
	if len(key) > MaxOptionText {
		return "", false
	}
	if !HashedKey(key) {
		group, name, ok := strings.Cut(key, "/")
		tag := strings.HasPrefix(strings.ToLower(group), "tag:")
		return key, ok && group != "" && name != "" && !strings.ContainsAny(name, "/=") && !tag
	}
	for _, vm := range all {
		if vmHash(vm) == key {
			return vm.ID, true
		}
	}
	return "", false
}
