package slacksim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// object is a decoded JSON object. Numbers stay json.Number, so that what an
// app stored comes back digit for digit.
type object = map[string]any

func decode(data []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}

func decodeObject(data []byte) (object, error) {
	v, err := decode(data)
	if err != nil {
		return nil, err
	}
	o, ok := v.(object)
	if !ok {
		return nil, fmt.Errorf("want a JSON object, got %T", v)
	}
	return o, nil
}

// encode never fails: everything given to it is made of maps, slices, strings,
// numbers and booleans.
func encode(v any) json.RawMessage {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return json.RawMessage(strconv.Quote("unencodable: " + err.Error()))
	}
	return bytes.TrimRight(buf.Bytes(), "\n")
}

func str(o object, key string) string {
	s, _ := o[key].(string)
	return s
}

func obj(o object, key string) object {
	m, _ := o[key].(object)
	return m
}

func list(o object, key string) []any {
	l, _ := o[key].([]any)
	return l
}

func flag(o object, key string) bool {
	switch v := o[key].(type) {
	case bool:
		return v
	case string:
		return v == "true" || v == "1"
	}
	return false
}

// textOf is the text of a text object at key, or a plain string there.
func textOf(o object, key string) string {
	if t := obj(o, key); t != nil {
		return str(t, "text")
	}
	return str(o, key)
}

func intOf(o object, key string, def int) int {
	switch v := o[key].(type) {
	case json.Number:
		if n, err := strconv.Atoi(v.String()); err == nil {
			return n
		}
	case string:
		if n, err := strconv.Atoi(v); err == nil {
			return n
		}
	case int:
		return v
	}
	return def
}

// copyObject is a deep copy, so that what one reader changes no other sees.
func copyObject(o object) object {
	c, err := decodeObject(encode(o))
	if err != nil {
		return object{}
	}
	return c
}

func rawBlocks(raw json.RawMessage) []any {
	if len(raw) == 0 {
		return nil
	}
	v, err := decode(raw)
	if err != nil {
		return nil
	}
	l, _ := v.([]any)
	return l
}

func intText(n int) string { return strconv.Itoa(n) }
