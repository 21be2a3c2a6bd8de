package slacksim

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

const (
	// maxText is where Slack cuts the text of a new message; an ephemeral message
	// of more is refused with msg_too_long.
	maxText = 40000
	// maxEdit is the longest text of an update, which is refused with msg_too_long.
	// https://docs.slack.dev/reference/methods/chat.update
	maxEdit = 4000
	// maxBlocksText is the most text in all blocks of a message together.
	maxBlocksText = 13000
	// maxMetadata is not documented in numbers; the simulator takes 16 KB.
	maxMetadata = 16 << 10
)

// content is what a message says: checked text, blocks and metadata.
type content struct {
	text                        string
	blocks                      json.RawMessage
	hasText, hasBlocks, hasMeta bool
	meta                        json.RawMessage
}

// read takes the content out of a call and checks it against Slack's limits.
func (s *Sim) content(c *call) (content, *apiError) {
	out := content{text: c.str("text")}
	_, out.hasText = c.args["text"]
	if err := s.readBlocks(c, &out); err != nil {
		return out, err
	}
	if err := out.readMetadata(c); err != nil {
		return out, err
	}
	length := utf8.RuneCountInString(out.text)
	if length > maxEdit && c.method == "chat.update" {
		return out, &apiError{code: "msg_too_long"}
	}
	if length > maxText {
		if c.method != "chat.postMessage" {
			return out, &apiError{code: "msg_too_long"}
		}
		out.text = string([]rune(out.text)[:maxText])
	}
	return out, nil
}

// readBlocks takes the blocks out of a call.
func (s *Sim) readBlocks(from *call, into *content) *apiError {
	v, present, ok := from.structure("blocks")
	if !present {
		return nil
	}
	blocks, isList := v.([]any)
	if !ok || !isList {
		return &apiError{code: "invalid_blocks_format"}
	}
	into.hasBlocks = true
	if msgs := checkMessageBlocks(blocks); len(msgs) > 0 {
		return invalid("invalid_blocks", msgs)
	}
	if lengthOf(blocks) > maxBlocksText {
		return &apiError{code: "msg_blocks_too_long"}
	}
	if len(blocks) > 0 {
		into.blocks = s.complete(blocks)
	}
	return nil
}

// readMetadata takes the metadata, where an empty object means none, out of a
// call.
func (c *content) readMetadata(from *call) *apiError {
	v, present, ok := from.structure("metadata")
	if !present {
		return nil
	}
	c.hasMeta = true
	m, isObject := v.(object)
	switch {
	case !ok || !isObject:
		return &apiError{code: "invalid_metadata_format"}
	case len(m) == 0:
		return nil
	case str(m, "event_type") == "" || obj(m, "event_payload") == nil:
		return &apiError{code: "invalid_metadata_format"}
	}
	c.meta = encode(m)
	if len(c.meta) > maxMetadata {
		return &apiError{code: "metadata_too_large"}
	}
	return nil
}

func (c content) empty(args object) bool {
	return strings.TrimSpace(c.text) == "" && len(c.blocks) == 0 && str(args, "attachments") == "" && len(list(args, "attachments")) == 0
}
