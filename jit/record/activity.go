package record

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"jitbot/jit"
	"jitbot/jit/resource"
)

// Activity is one entry of Azure's activity log, as az monitor activity-log list
// prints it.
type Activity struct {
	At          time.Time `json:"eventTimestamp"`
	Caller      string    `json:"caller"`
	Resource    string    `json:"resourceId"`
	Correlation string    `json:"correlationId"`
	Operation   named     `json:"operationName"`
	Status      named     `json:"status"`
	HTTP        *struct {
		Request string `json:"clientRequestId"`
		Method  string `json:"method"`
	} `json:"httpRequest"`
}

// named is a value that is written by itself or with a text for people beside it.
type named string

// UnmarshalJSON implements json.Unmarshaler.
func (n *named) UnmarshalJSON(raw []byte) error {
	var whole struct{ Value string }
	if err := json.Unmarshal(raw, &whole); err == nil {
		*n = named(whole.Value)
		return nil
	}
	return json.Unmarshal(raw, (*string)(n)) //nolint:wrapcheck // of json itself
}

// Activities reads an export of the activity log, a list, one entry at a time.
func Activities(r io.Reader, each func(Activity)) error {
	in := json.NewDecoder(r)
	if open, err := in.Token(); err != nil || open != json.Delim('[') {
		return jit.Refuse(jit.ErrInput, "This is no export of the activity log; write one with az monitor activity-log list --output %s.", "json")
	}
	for in.More() {
		var a Activity
		if err := in.Decode(&a); err != nil {
			return fmt.Errorf("reading the activity log: %w", err)
		}
		each(a)
	}
	return nil
}

// Witness compares the record with the activity log. First all lines are given to Note,
// then all entries to See.
type Witness struct {
	Ours func(name string) bool // whether a rule of this name is one of ours

	written     []witnessed
	correlation map[string][]int // of written
	request     map[string][]int
	unexplained map[string]string // by operation: what is said of it
	from, to    time.Time         // of the entries that were seen
}

type witnessed struct {
	line jit.Event
	seen bool
}

const (
	// logLate is how much later than the request an entry may be of.
	logLate = 10 * time.Minute
	// logEdge is how near the ends of the log a request may be missing in it.
	logEdge = 20 * time.Minute
)

// Note takes a line of the record.
func (w *Witness) Note(e jit.Event) {
	if e.Write.Method == "" {
		return
	}
	if w.correlation == nil {
		w.correlation, w.request = map[string][]int{}, map[string][]int{}
	}
	at := len(w.written)
	w.written = append(w.written, witnessed{line: e})
	if id := strings.ToLower(e.Write.Correlation); id != "" {
		w.correlation[id] = append(w.correlation[id], at)
	}
	id := strings.ToLower(e.Write.Request)
	w.request[id] = append(w.request[id], at)
}

// See takes an entry of the log.
func (w *Witness) See(a Activity) {
	if w.from.IsZero() || a.At.Before(w.from) {
		w.from = a.At
	}
	if a.At.After(w.to) {
		w.to = a.At
	}
	request, method := "", ""
	if a.HTTP != nil {
		request, method = strings.ToLower(a.HTTP.Request), a.HTTP.Method
	}
	explained := false
	for _, i := range slices.Concat(w.correlation[strings.ToLower(a.Correlation)], w.request[request]) {
		one := &w.written[i]
		near := a.At.Sub(one.line.At).Abs() <= logLate
		if near && resource.Same(one.line.Write.Resource, a.Resource) && (method == "" || strings.EqualFold(method, one.line.Write.Method)) {
			one.seen, explained = true, true
		}
	}
	if explained || !w.change(a) {
		return
	}
	if w.unexplained == nil {
		w.unexplained = map[string]string{}
	}
	key := strings.ToLower(a.Correlation + " " + a.Resource) // an operation has several entries
	if _, said := w.unexplained[key]; !said {
		w.unexplained[key] = fmt.Sprintf("%s %s of %s by %s (%s) is in the activity log and not in the record",
			a.At.UTC().Format(time.RFC3339), a.Operation, a.Resource, a.Caller, a.Correlation)
	}
}

// change reports whether the entry is a change of a rule with a name of ours.
func (w *Witness) change(a Activity) bool {
	op := strings.ToLower(string(a.Operation))
	return (strings.HasSuffix(op, "/write") || strings.HasSuffix(op, "/delete")) && w.Ours(resource.Name(a.Resource))
}

// Found is what the two do not say alike, both ways: changes of our rules that the
// record does not explain, and answered requests of the record that the log lacks.
func (w *Witness) Found() []string {
	var out []string
	for _, said := range w.unexplained {
		out = append(out, said)
	}
	for _, one := range w.written {
		e := one.line
		within := e.At.After(w.from.Add(logEdge)) && e.At.Before(w.to.Add(-logEdge))
		if !one.seen && within && e.Write.Code >= 200 && e.Write.Code < 300 {
			out = append(out, fmt.Sprintf("%s line %d, %s of %s (%s), is in the record and not in the activity log",
				e.At.UTC().Format(time.RFC3339), e.Seq, e.Write.Method, e.Write.Resource, e.Write.Correlation))
		}
	}
	slices.Sort(out)
	return out
}
