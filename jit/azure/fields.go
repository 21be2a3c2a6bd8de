package azure

import (
	"encoding/json"
	"fmt"
	"strings"

	"jitbot/jit"
)

// fields are the members of a JSON object, each as it was read. What is not
// changed, and what is not known here, is written back as it came.
type fields map[string]json.RawMessage

// edited are the names by which documents are changed. encoding/json reads them
// in any case and a map does not, so a member that is nearly one of them would be
// read and not be changed: such a document is not understood.
var edited = [...]string{
	"properties", "name", "etag", "provisioningState", "priority", "action", "type", "rules",
	"securityRules", "natRuleCollections", "networkRuleCollections", "ruleCollections", "ruleCollectionType",
}

// UnmarshalJSON reads an object, and refuses one with a member that is nearly one
// of the edited.
func (m *fields) UnmarshalJSON(data []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return err //nolint:wrapcheck // the caller says what it read
	}
	for member := range members {
		for _, name := range edited {
			if member != name && strings.EqualFold(member, name) {
				return fmt.Errorf("%w: %q is not known, is it %q?", jit.ErrInvalid, member, name)
			}
		}
	}
	*m = members
	return nil
}

func (m fields) text(name string) string {
	var s string
	_ = json.Unmarshal(m[name], &s) // what is no text is no name
	return s
}

func (m fields) object(name string) (fields, error) {
	inner := fields{}
	if err := unmarshal(m[name], &inner); err != nil {
		return nil, err
	}
	if inner == nil {
		inner = fields{}
	}
	return inner, nil
}

// encode writes what was read as JSON, so that it cannot fail.
func encode(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("encoding what was read as JSON: " + err.Error())
	}
	return b
}
