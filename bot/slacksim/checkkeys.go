package slacksim

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// keysOfBlock are the properties of a block beside type and block_id.
// https://docs.slack.dev/reference/block-kit/blocks
func keysOfBlock(kind string) []string {
	switch kind {
	case "section":
		return []string{"text", "fields", "accessory", "expand"}
	case "header", "markdown":
		return []string{"text"}
	case "context", "actions", "rich_text":
		return []string{"elements"}
	case "input":
		return []string{"label", "element", "hint", "optional", "dispatch_action"}
	case "image":
		return []string{"image_url", "slack_file", "alt_text", "title"}
	case "table":
		return []string{"rows", "column_settings"}
	}
	return nil
}

// keysOfElement are the properties of an element beside its type.
// https://docs.slack.dev/reference/block-kit/block-elements
func keysOfElement(kind string) []string {
	id := []string{"action_id", "focus_on_load", "placeholder"}
	menu := slices.Concat(id, []string{"confirm"})
	if several, ok := strings.CutPrefix(kind, "multi_"); ok {
		return append(keysOfElement(several), "max_selected_items", "initial_options", "initial_users",
			"initial_conversations", "initial_channels")
	}
	switch kind {
	case "button":
		return []string{"action_id", "text", "url", "value", "style", "confirm", "accessibility_label"}
	case "workflow_button":
		return []string{"action_id", "text", "workflow", "style", "accessibility_label"}
	case "overflow":
		return []string{"action_id", "options", "confirm"}
	case "checkboxes":
		return []string{"action_id", "focus_on_load", "options", "initial_options", "confirm"}
	case "radio_buttons":
		return []string{"action_id", "focus_on_load", "options", "initial_option", "confirm"}
	case "static_select":
		return append(menu, "options", "option_groups", "initial_option")
	case "external_select":
		return append(menu, "initial_option", "min_query_length")
	case "users_select":
		return append(menu, "initial_user")
	case "conversations_select":
		return append(menu, "initial_conversation", "default_to_current_conversation", "filter", "response_url_enabled")
	case "channels_select":
		return append(menu, "initial_channel", "response_url_enabled")
	case "datepicker":
		return append(menu, "initial_date")
	case "timepicker":
		return append(menu, "initial_time", "timezone")
	case "datetimepicker":
		return []string{"action_id", "focus_on_load", "confirm", "initial_date_time"}
	case "plain_text_input":
		return append(id, "initial_value", "multiline", "min_length", "max_length", "dispatch_action_config")
	case "email_text_input", "url_text_input", "rich_text_input":
		return append(id, "initial_value", "dispatch_action_config")
	case "number_input":
		return append(id, "initial_value", "is_decimal_allowed", "min_value", "max_value", "dispatch_action_config")
	case "image":
		return []string{"image_url", "slack_file", "alt_text"}
	}
	return nil
}

// keysOfText are the properties of a text object beside its type.
func keysOfText(kind string) []string {
	if kind == "plain_text" {
		return []string{"text", "emoji"}
	}
	return []string{"text", "verbatim"}
}

// only complains of every property that is neither the type nor allowed.
func (c *checker) only(o object, at string, allowed ...string) {
	for key := range o {
		if key != "type" && !slices.Contains(allowed, key) {
			c.bad(at, "invalid additional property: %s", key)
		}
	}
}

// lengthOf counts the characters of all texts in blocks.
func lengthOf(v any) int {
	n := 0
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			n += lengthOf(x)
		}
	case object:
		for key, x := range v {
			if text, ok := x.(string); ok && key == "text" {
				n += utf8.RuneCountInString(text)
			} else {
				n += lengthOf(x)
			}
		}
	}
	return n
}
