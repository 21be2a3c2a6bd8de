package azuresim

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// fields are the members of a JSON object, each as it was written.
type fields map[string]json.RawMessage

// document is a resource kept as the JSON that was written: what the service
// does not know it gives back as it came. V is what the document means to the
// simulator.
type document[V any] struct {
	id, etag, state string
	// root are the members of the resource, properties those of its
	// "properties", without what the service itself says.
	root, properties fields
	// written is what stands in the document, applied what filters now, nil:
	// nothing; effects are those to come, in order.
	written V
	applied *V
	effects []later[V]
	// turn counts writes.
	turn int
	// gone says that it was deleted; what it did may still filter.
	gone bool
}

// later makes a meaning, or none, filter at a time.
type later[V any] struct {
	at time.Time
	to *V
}

// readDocument takes a resource's JSON apart and drops what only the service
// says.
func readDocument(body []byte) (root, properties fields, refused *problem) {
	if p := decode(body, &root); p != nil {
		return nil, nil, p
	}
	if root == nil {
		return nil, nil, invalid("InvalidRequestFormat", "Cannot parse the request.")
	}
	if raw := root["properties"]; raw != nil {
		if p := decode(raw, &properties); p != nil {
			return nil, nil, p
		}
	}
	if properties == nil {
		properties = fields{}
	}
	root.drop("id", "name", "type", "etag", "properties")
	properties.drop("provisioningState")
	return root, properties, nil
}

func (f fields) drop(names ...string) {
	for _, name := range names {
		delete(f, name)
	}
}

// child takes a named part of a document, such as a rule collection, apart
// and drops what only the service says.
func child(raw json.RawMessage) (part, properties fields, refused *problem) {
	part, properties, refused = readDocument(raw)
	if refused == nil {
		var named struct {
			Name json.RawMessage `json:"name"`
		}
		if p := decode(raw, &named); p != nil {
			return nil, nil, p
		}
		if named.Name != nil {
			part["name"] = named.Name
		}
	}
	return part, properties, refused
}

// stripChildren does to each element of a list what child does.
func stripChildren(raw json.RawMessage) (json.RawMessage, *problem) {
	var elements []json.RawMessage
	if p := decode(raw, &elements); p != nil {
		return nil, p
	}
	for i := range elements {
		part, properties, p := child(elements[i])
		if p != nil {
			return nil, p
		}
		part["properties"] = encode(properties)
		elements[i] = encode(part)
	}
	return encode(elements), nil
}

// dressChildren gives each element of a list what the service says of it.
func (d *document[V]) dressChildren(list, etag string) {
	raw := d.properties[list]
	if raw == nil {
		return
	}
	var elements []json.RawMessage
	if decode(raw, &elements) != nil {
		return
	}
	for i := range elements {
		part, properties, p := child(elements[i])
		if p != nil {
			return
		}
		var name string
		if json.Unmarshal(part["name"], &name) != nil {
			return
		}
		properties["provisioningState"] = encode(d.state)
		part["id"], part["etag"] = encode(d.id+"/"+list+"/"+name), encode(etag)
		part["properties"] = encode(properties)
		elements[i] = encode(part)
	}
	d.properties[list] = encode(elements)
}

// body is the document as Azure shows it.
func (d *document[V]) body(kind, etag string, children ...string) object {
	shown := *d
	shown.properties = maps.Clone(d.properties)
	for _, list := range children {
		shown.dressChildren(list, etag)
	}
	properties := object{"provisioningState": d.state}
	for name, value := range shown.properties {
		properties[name] = value
	}
	body := object{"id": d.id, "name": nameOf(d.id), "type": kind, "etag": etag, "properties": properties}
	for name, value := range d.root {
		body[name] = value
	}
	return body
}

// set writes the document, without effect.
func (d *document[V]) set(root, properties fields, meaning V) {
	d.turn++
	d.root, d.properties, d.written, d.gone = root, properties, meaning, false
}

// enforce makes what is written filter now.
func (d *document[V]) enforce() {
	meaning := d.written
	d.applied, d.effects = &meaning, nil
}

// queue makes a meaning filter at a time.
func (d *document[V]) queue(at time.Time, to *V) {
	d.effects = append(d.effects, later[V]{at: at, to: to})
	slices.SortStableFunc(d.effects, func(a, b later[V]) int { return a.at.Compare(b.at) })
}

// inForce is what filters now, or nil.
func (d *document[V]) inForce(now time.Time) *V {
	for len(d.effects) > 0 && !d.effects[0].at.After(now) {
		d.applied, d.effects = d.effects[0].to, d.effects[1:]
	}
	return d.applied
}

// same says that a write would change nothing.
func (d *document[V]) same(root, properties fields) bool {
	return d.state == succeeded && bytes.Equal(encode(d.root), encode(root)) && bytes.Equal(encode(d.properties), encode(properties))
}

// encode is JSON that keeps the characters of what it contains.
func encode(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return json.RawMessage("null")
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
