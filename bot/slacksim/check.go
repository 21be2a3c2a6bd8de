package slacksim

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Where blocks are shown decides what they may be.
const (
	onMessage = "message"
	onModal   = "modal"
	onHome    = "home"
)

// checker collects Slack's complaints about blocks, each with the JSON pointer
// of its place. The limits are those of the Block Kit reference
// (docs.slack.dev/reference/block-kit).
type checker struct {
	surface  string
	messages []string
	blockIDs map[string]bool
	inputs   bool // an input block was seen
	markdown int  // characters of markdown blocks
	tables   int
	focused  int // elements with focus_on_load
}

func newChecker(surface string) *checker {
	return &checker{surface: surface, blockIDs: map[string]bool{}}
}

// checkMessageBlocks returns the complaints about a message's blocks.
func checkMessageBlocks(blocks []any) []string {
	c := newChecker(onMessage)
	c.blocks(blocks, "/blocks", 50)
	return c.messages
}

func (c *checker) bad(pointer, format string, args ...any) {
	c.messages = append(c.messages, "[ERROR] "+fmt.Sprintf(format, args...)+" [json-pointer:"+pointer+"]")
}

func (c *checker) blocks(blocks []any, pointer string, most int) {
	if len(blocks) > most {
		c.bad(pointer, "no more than %d items allowed", most)
	}
	for i, v := range blocks {
		at := fmt.Sprintf("%s/%d", pointer, i)
		block, ok := v.(object)
		if !ok {
			c.bad(at, "must provide an object")
			continue
		}
		c.block(block, at)
	}
	if c.markdown > 12000 {
		c.bad(pointer, "must be less than 12001 characters")
	}
	if c.tables > 1 {
		c.bad(pointer, "no more than 1 items allowed")
	}
}

func (c *checker) block(b object, at string) {
	c.string(b, "block_id", at, 255, false)
	if id := str(b, "block_id"); id != "" {
		if c.blockIDs[id] {
			c.bad(at+"/block_id", "`block_id` must be unique: %s already exists", id)
		}
		c.blockIDs[id] = true
	}
	c.blockOf(str(b, "type"), b, at)
}

// blockOf checks a block of a kind.
func (c *checker) blockOf(kind string, b object, at string) {
	c.only(b, at, append(keysOfBlock(kind), "block_id")...)
	switch kind {
	case "section":
		c.section(b, at)
	case "header":
		c.text(b, "text", at, 150, true, true)
	case "context":
		c.elements(b, at, 10, kind)
	case "actions":
		c.elements(b, at, 25, kind)
	case "divider":
	case "input":
		c.input(b, at)
	case "image":
		c.image(b, at)
		c.text(b, "title", at, 2000, false, true)
	case "rich_text":
		if _, ok := b["elements"].([]any); !ok {
			c.bad(at, "missing required field: elements")
		}
	case "markdown":
		c.onlyMessage(at, kind)
		c.string(b, "text", at, 12000, true)
		c.markdown += utf8.RuneCountInString(str(b, "text"))
	case "table":
		c.onlyMessage(at, kind)
		c.table(b, at)
	case "":
		c.bad(at, "missing required field: type")
	default:
		// alert, card and carousel are refused by chat.postMessage; video, file
		// and others are not part of what is simulated.
		c.bad(at+"/type", "unsupported type: %s", kind)
	}
}

func (c *checker) onlyMessage(at, kind string) {
	if c.surface != onMessage {
		c.bad(at+"/type", "unsupported type: %s", kind)
	}
}

func (c *checker) section(b object, at string) {
	fields, has := b["fields"].([]any)
	if b["text"] == nil && !has {
		c.bad(at, "missing required field: text")
	}
	c.text(b, "text", at, 3000, false, false)
	if has && len(fields) == 0 {
		c.bad(at+"/fields", "no fewer than 1 items allowed")
	}
	if len(fields) > 10 {
		c.bad(at+"/fields", "no more than 10 items allowed")
	}
	for i, v := range fields {
		c.textObject(v, fmt.Sprintf("%s/fields/%d", at, i), 2000, false)
	}
	if b["accessory"] != nil {
		c.element(b["accessory"], at+"/accessory", "section")
	}
}

func (c *checker) elements(b object, at string, most int, place string) {
	all, ok := b["elements"].([]any)
	if !ok {
		c.bad(at, "missing required field: elements")
		return
	}
	if len(all) == 0 {
		c.bad(at+"/elements", "no fewer than 1 items allowed")
	}
	if len(all) > most {
		c.bad(at+"/elements", "no more than %d items allowed", most)
	}
	ids := map[string]bool{}
	for i, v := range all {
		where := fmt.Sprintf("%s/elements/%d", at, i)
		c.element(v, where, place)
		el, _ := v.(object)
		id := str(el, "action_id")
		if id != "" && ids[id] {
			// Documented as "should be unique"; two that share one cannot be
			// told apart in state.values.
			c.bad(where+"/action_id", "`action_id` must be unique: %s already exists", id)
		}
		ids[id] = true
	}
}

func (c *checker) input(b object, at string) {
	c.inputs = true
	c.text(b, "label", at, 2000, true, true)
	c.text(b, "hint", at, 2000, false, true)
	if b["element"] == nil {
		c.bad(at, "missing required field: element")
		return
	}
	c.element(b["element"], at+"/element", "input")
}

func (c *checker) image(b object, at string) {
	if b["slack_file"] == nil {
		c.string(b, "image_url", at, 3000, true)
	}
	c.string(b, "alt_text", at, 2000, true)
}

func (c *checker) table(b object, at string) {
	c.tables++
	rows, ok := b["rows"].([]any)
	if !ok || len(rows) == 0 {
		c.bad(at, "missing required field: rows")
	}
	if len(rows) > 100 {
		c.bad(at+"/rows", "no more than 100 items allowed")
	}
	for i, row := range rows {
		cells, ok := row.([]any)
		if !ok {
			c.bad(fmt.Sprintf("%s/rows/%d", at, i), "must provide an array")
		} else if len(cells) > 20 {
			c.bad(fmt.Sprintf("%s/rows/%d", at, i), "no more than 20 items allowed")
		}
	}
}

// text checks a text object at o[key].
func (c *checker) text(o object, key, at string, most int, required, plain bool) {
	v := o[key]
	if v == nil {
		if required {
			c.bad(at, "missing required field: %s", key)
		}
		return
	}
	c.textObject(v, at+"/"+key, most, plain)
}

func (c *checker) textObject(v any, at string, most int, plain bool) {
	t, ok := v.(object)
	if !ok {
		c.bad(at, "must provide an object")
		return
	}
	kind := str(t, "type")
	if kind != "plain_text" && (kind != "mrkdwn" || plain) {
		c.bad(at+"/type", "unsupported type: %s", kind)
	}
	c.only(t, at, keysOfText(kind)...)
	c.string(t, "text", at, most, true)
	if str(t, "text") == "" && t["text"] != nil {
		c.bad(at+"/text", "must be more than 0 characters")
	}
}

// string checks a string at o[key]. Slack counts characters, not bytes.
func (c *checker) string(o object, key, at string, most int, required bool) {
	v := o[key]
	if v == nil {
		if required {
			c.bad(at, "missing required field: %s", key)
		}
		return
	}
	text, ok := v.(string)
	if !ok {
		c.bad(at+"/"+key, "must provide a string")
		return
	}
	if utf8.RuneCountInString(text) > most {
		c.bad(at+"/"+key, "must be less than %d characters", most+1)
	}
}

// oneOf checks an optional string that has few values.
func (c *checker) oneOf(o object, key, at string, allowed ...string) {
	got, present := o[key]
	if !present || got == nil {
		return
	}
	for _, a := range allowed {
		if got == a {
			return
		}
	}
	c.bad(at+"/"+key, "must be one of: %s", strings.Join(allowed, ", "))
}
