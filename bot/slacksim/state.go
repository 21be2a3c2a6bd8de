package slacksim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// values is state.values: block_id to action_id to the element's value.
type values map[string]map[string]object

func (v values) set(block, action string, value object) {
	if v[block] == nil {
		v[block] = map[string]object{}
	}
	v[block][action] = value
}

func (v values) object() object {
	out := object{}
	for block, actions := range v {
		inner := object{}
		for action, value := range actions {
			inner[action] = maps.Clone(value)
		}
		out[block] = inner
	}
	return object{"values": out}
}

// stateKey is the field of state.values that holds an element's value, and the
// field of the element that holds its initial one. Buttons and overflow menus
// have no state.
func stateKey(kind string) (key, initial string) {
	switch kind {
	case "plain_text_input", "email_text_input", "url_text_input", "number_input":
		return "value", "initial_value"
	case "static_select", "external_select", "radio_buttons":
		return "selected_option", "initial_option"
	case "multi_static_select", "multi_external_select", "checkboxes":
		return "selected_options", "initial_options"
	case "users_select":
		return "selected_user", "initial_user"
	case "conversations_select":
		return "selected_conversation", "initial_conversation"
	case "channels_select":
		return "selected_channel", "initial_channel"
	case "multi_users_select":
		return "selected_users", "initial_users"
	case "multi_conversations_select":
		return "selected_conversations", "initial_conversations"
	case "multi_channels_select":
		return "selected_channels", "initial_channels"
	case "datepicker":
		return "selected_date", "initial_date"
	case "timepicker":
		return "selected_time", "initial_time"
	case "datetimepicker":
		return "selected_date_time", "initial_date_time"
	case "rich_text_input":
		return "rich_text_value", "initial_value"
	}
	return "", ""
}

// initialState is what the elements hold before anybody touched them.
func initialState(blocks []any) values {
	out := values{}
	walk(blocks, func(block, el object) {
		key, initial := stateKey(str(el, "type"))
		if key == "" {
			return
		}
		value := el[initial]
		if value == nil && strings.HasSuffix(key, "s") {
			value = []any{}
		}
		out.set(str(block, "block_id"), str(el, "action_id"), object{"type": str(el, "type"), key: value})
	})
	return out
}

// keepState carries what was typed over to new blocks: where block_id, action_id
// and type are the same, the old value stays, whatever the new initial one is.
func keepState(old values, blocks []any) values {
	out := initialState(blocks)
	for block, actions := range out {
		for action, fresh := range actions {
			if was, ok := old[block][action]; ok && was["type"] == fresh["type"] {
				actions[action] = was
			}
		}
	}
	return out
}

// filled: an element that has been given something.
func filled(value object) bool {
	for key, v := range value {
		if key == "type" {
			continue
		}
		switch v := v.(type) {
		case nil:
		case string:
			return strings.TrimSpace(v) != ""
		case []any:
			return len(v) > 0
		default:
			return true
		}
	}
	return false
}

// enter makes the state value of what a person types or chooses. v is a string,
// a []string for elements that take several, or nil for nothing. offered are
// the options that suggestions brought.
func enter(el object, v any, offered []object) (object, error) {
	kind := str(el, "type")
	key, _ := stateKey(kind)
	if key == "" {
		return nil, fmt.Errorf("%w: %s takes no value", ErrUnknown, kind)
	}
	out := object{"type": kind, key: nil}
	several := strings.HasSuffix(key, "s")
	var words []string
	switch v := v.(type) {
	case nil:
	case string:
		words = []string{v}
	case []string:
		words = v
	default:
		return nil, fmt.Errorf("%w: a value is a string, a []string or nil, not %T", ErrUnknown, v)
	}
	if !several && len(words) > 1 {
		return nil, fmt.Errorf("%w: %s takes one value", ErrUnknown, kind)
	}
	chosen := []any{}
	for _, w := range words {
		switch key {
		case "selected_option", "selected_options":
			o := findOption(slices.Concat(optionsOf(el), offered), w)
			if o == nil {
				return nil, fmt.Errorf("%w: option %q of %s", ErrUnknown, w, str(el, "action_id"))
			}
			chosen = append(chosen, o)
		case "selected_date_time":
			chosen = append(chosen, json.Number(w))
		default:
			chosen = append(chosen, w)
		}
	}
	switch {
	case several:
		out[key] = chosen
	case len(chosen) == 1 && chosen[0] != "":
		out[key] = chosen[0]
	}
	return out, nil
}

// findOption looks for an option by its value, then by its words.
func findOption(all []object, name string) object {
	for _, o := range all {
		if str(o, "value") == name {
			return copyObject(o)
		}
	}
	for _, o := range all {
		if textOf(o, "text") == name {
			return copyObject(o)
		}
	}
	return nil
}
