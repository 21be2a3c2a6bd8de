package slacksim

import (
	"fmt"
	"slices"
	"strings"
)

// placesOf says in which blocks an element may stand.
func placesOf(kind string) []string {
	switch kind {
	case "button", "overflow", "workflow_button":
		return []string{"actions", "section"}
	case "image":
		return []string{"context", "section"}
	case "plain_text", "mrkdwn":
		return []string{"context"}
	case "plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input":
		return []string{"input"}
	case "datetimepicker":
		return []string{"actions", "input"}
	case "static_select", "external_select", "users_select", "conversations_select", "channels_select",
		"multi_static_select", "multi_external_select", "multi_users_select", "multi_conversations_select",
		"multi_channels_select", "datepicker", "timepicker", "checkboxes", "radio_buttons":
		return []string{"actions", "section", "input"}
	}
	return nil
}

func (c *checker) element(v any, at, place string) {
	e, ok := v.(object)
	if !ok {
		c.bad(at, "must provide an object")
		return
	}
	kind := str(e, "type")
	if !slices.Contains(placesOf(kind), place) {
		c.bad(at+"/type", "unsupported type: %s", kind)
		return
	}
	switch kind {
	case "plain_text", "mrkdwn":
		c.textObject(e, at, 3000, false)
		return
	case "image":
		c.only(e, at, keysOfElement(kind)...)
		c.image(e, at)
		return
	}
	c.only(e, at, keysOfElement(kind)...)
	c.string(e, "action_id", at, 255, false)
	if flag(e, "focus_on_load") {
		if c.focused++; c.focused > 1 {
			c.bad(at+"/focus_on_load", "only one element can be focused on load")
		}
	}
	c.confirm(e, at)
	c.text(e, "placeholder", at, 150, false, true)
	switch kind {
	case "button", "workflow_button":
		c.button(e, at)
	case "overflow":
		c.options(e, at, 5, true)
	case "checkboxes", "radio_buttons":
		c.options(e, at, 10, true)
	case "static_select", "multi_static_select":
		c.menu(e, at)
	case "external_select", "multi_external_select":
		if n := intOf(e, "min_query_length", 3); n < 0 {
			c.bad(at+"/min_query_length", "must be at least 0")
		}
	case "plain_text_input", "email_text_input", "url_text_input", "number_input":
		c.input3000(e, at)
	}
	c.initial(e, at)
}

func (c *checker) button(e object, at string) {
	c.text(e, "text", at, 75, true, true)
	c.string(e, "value", at, 2000, false)
	c.string(e, "url", at, 3000, false)
	c.string(e, "accessibility_label", at, 75, false)
	c.oneOf(e, "style", at, "primary", "danger")
	if u := str(e, "url"); u != "" && !strings.Contains(u, ":") {
		c.bad(at+"/url", "must be a valid URL")
	}
}

func (c *checker) input3000(e object, at string) {
	c.string(e, "initial_value", at, 3000, false)
	least, most := intOf(e, "min_length", 0), intOf(e, "max_length", 3000)
	if least < 0 || least > 3000 {
		c.bad(at+"/min_length", "must be less than 3001")
	}
	if most < 1 || most > 3000 {
		c.bad(at+"/max_length", "must be less than 3001")
	}
	if least > most {
		c.bad(at+"/min_length", "must be less than max_length")
	}
}

func (c *checker) confirm(e object, at string) {
	v := e["confirm"]
	if v == nil {
		return
	}
	at += "/confirm"
	d, ok := v.(object)
	if !ok {
		c.bad(at, "must provide an object")
		return
	}
	c.only(d, at, "title", "text", "confirm", "deny", "style")
	c.text(d, "title", at, 100, true, true)
	c.text(d, "text", at, 300, true, false)
	c.text(d, "confirm", at, 30, true, true)
	c.text(d, "deny", at, 30, true, true)
	c.oneOf(d, "style", at, "primary", "danger")
}

// menu checks a static select: options, or groups of options.
func (c *checker) menu(e object, at string) {
	groups, has := e["option_groups"].([]any)
	if !has {
		c.options(e, at, 100, true)
		return
	}
	if e["options"] != nil {
		c.bad(at, "must not define both options and option_groups")
	}
	c.groups(groups, at+"/option_groups")
}

func (c *checker) groups(groups []any, at string) {
	if len(groups) == 0 {
		c.bad(at, "no fewer than 1 items allowed")
	}
	if len(groups) > 100 {
		c.bad(at, "no more than 100 items allowed")
	}
	for i, v := range groups {
		where := fmt.Sprintf("%s/%d", at, i)
		g, ok := v.(object)
		if !ok {
			c.bad(where, "must provide an object")
			continue
		}
		c.only(g, where, "label", "options")
		c.text(g, "label", where, 75, true, true)
		c.options(g, where, 100, true)
	}
}

// options checks a list of choices. The reference says that a value has up to
// 150 characters, Slack's own types say 75: the smaller is enforced.
func (c *checker) options(e object, at string, most int, some bool) {
	all, ok := e["options"].([]any)
	if !ok {
		c.bad(at, "missing required field: options")
		return
	}
	at += "/options"
	if some && len(all) == 0 {
		c.bad(at, "no fewer than 1 items allowed")
	}
	if len(all) > most {
		c.bad(at, "no more than %d items allowed", most)
	}
	for i, v := range all {
		c.option(v, fmt.Sprintf("%s/%d", at, i), str(e, "type"))
	}
}

func (c *checker) option(v any, at, kind string) {
	o, ok := v.(object)
	if !ok {
		c.bad(at, "must provide an object")
		return
	}
	c.only(o, at, "text", "value", "description", "url")
	plain := kind != "checkboxes" && kind != "radio_buttons"
	c.text(o, "text", at, 75, true, plain)
	c.text(o, "description", at, 75, false, plain)
	c.string(o, "value", at, 75, kind != "overflow" || o["url"] == nil)
	c.string(o, "url", at, 3000, false)
}

// initial checks that what is chosen beforehand is an option, and one of those
// that are offered.
func (c *checker) initial(e object, at string) {
	kind := str(e, "type")
	known := optionsOf(e)
	check := func(v any, at string) {
		o, ok := v.(object)
		if !ok {
			c.bad(at, "must provide an object")
			return
		}
		c.option(o, at, kind)
		if strings.Contains(kind, "external") {
			return
		}
		for _, k := range known {
			if str(k, "value") == str(o, "value") && textOf(k, "text") == textOf(o, "text") {
				return
			}
		}
		c.bad(at, "must be one of the options")
	}
	if v, has := e["initial_option"]; has {
		check(v, at+"/initial_option")
	}
	v, has := e["initial_options"]
	if !has {
		return
	}
	all, ok := v.([]any)
	if !ok || len(all) == 0 {
		c.bad(at+"/initial_options", "no fewer than 1 items allowed")
	}
	for i, v := range all {
		check(v, fmt.Sprintf("%s/initial_options/%d", at, i))
	}
}
