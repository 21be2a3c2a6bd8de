package azuresim

import (
	"bytes"
	"encoding/json"
)

// dropETags takes every etag off an answer.
func (a *reply) dropETags() {
	delete(a.header, "ETag")
	if a.body == nil {
		return
	}
	if _, text := a.body.(string); text {
		return
	}
	reader := json.NewDecoder(bytes.NewReader(encode(a.body)))
	reader.UseNumber() // numbers stay as they were written
	var body any
	if reader.Decode(&body) == nil {
		dropMember(body, "etag")
		a.body = body
	}
}

// dropMember takes a member out of every object in a JSON value.
func dropMember(value any, name string) {
	switch v := value.(type) {
	case object:
		delete(v, name)
		for _, inner := range v {
			dropMember(inner, name)
		}
	case []any:
		for _, inner := range v {
			dropMember(inner, name)
		}
	}
}
