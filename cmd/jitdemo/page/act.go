package page

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"jitbot/bot/slacksim"
)

// maxBody is the most bytes of a post: a modal full of text fits.
const maxBody = 256 << 10

// errNothingDue answers the wish to move the clock to a deadline.
var errNothingDue = errors.New("there is no deadline ahead: ask for access first")

// order is what the reader of the page does. Each action reads the fields it needs.
type order struct {
	As      string           `json:"as"` // who does it
	Channel string           `json:"channel"`
	TS      string           `json:"ts"`
	Thread  string           `json:"thread"` // of a reply: the message it answers
	VM      string           `json:"vm"`     // whose grant's deadline
	View    string           `json:"view"`
	Block   string           `json:"block"`
	Action  string           `json:"action"`
	Text    string           `json:"text"`
	Value   typed            `json:"value"`
	Values  map[string]typed `json:"values"` // typed into a modal, by block_id/action_id
	On      bool             `json:"on"`
	Seconds int              `json:"seconds"`
}

// element names an element as the simulator knows it.
func (o order) element() string { return o.Block + "/" + o.Action }

func (o order) values() slacksim.Values {
	out := slacksim.Values{}
	for name, v := range o.Values {
		out[name] = v.value
	}
	return out
}

// typed is what an element holds: a string, several, or nothing.
type typed struct{ value any }

// UnmarshalJSON takes a string, a list of strings or null.
func (t *typed) UnmarshalJSON(data []byte) error {
	var one *string
	if json.Unmarshal(data, &one) == nil {
		if one != nil {
			t.value = *one
		}
		return nil
	}
	many := []string{}
	if err := json.Unmarshal(data, &many); err != nil {
		return fmt.Errorf("a value is a string, a list of strings or null: %w", err)
	}
	t.value = many
	return nil
}

// result is what came of an order. Failure is a sentence or Slack's word for it.
type result struct {
	Failure string            `json:"failure,omitempty"`
	Text    string            `json:"text,omitempty"`
	Errors  map[string]string `json:"errors,omitempty"`
	Options []slacksim.Option `json:"options,omitempty"`
}

type doer func(ctx context.Context, o order) (result, error)

func (h *handler) actions() map[string]doer {
	return map[string]doer{
		"slash": h.slash, "say": h.say, "click": h.click, "choose": h.choose, "home": h.home, "messages": h.messagesTab,
		"shortcut": h.shortcut, "press": h.press, "fill": h.fill, "submit": h.submit, "close": h.closeView, "clear": h.clear,
		"suggest": h.suggest, "skip": h.skip, "deadline": h.deadline, "slack": h.slackDown, "azure": h.throttle,
		"terraform": h.terraform, "kill": h.kill, "start": h.start,
	}
}

// action decodes an order, carries it out and says what came of it.
func (h *handler) action(name string, do doer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var o order
		dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&o); err != nil {
			http.Error(w, "the order cannot be read: "+err.Error(), http.StatusBadRequest)
			return
		}
		out, err := do(r.Context(), o)
		if err != nil {
			h.opt.Log.InfoContext(r.Context(), "an action failed", "action", name, "as", o.As, "error", err)
			out.Failure = err.Error()
		}
		h.answer(w, r, out)
	})
}

func (h *handler) answer(w http.ResponseWriter, r *http.Request, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		h.opt.Log.DebugContext(r.Context(), "an answer was not sent", "error", err)
	}
}

// slackFailure makes of the simulator's errors what the page shows. Those that
// Slack itself shows in a message or a banner are no failures of the page.
func slackFailure(r slacksim.Reply, err error) (result, error) {
	out := result{Text: r.Text, Errors: r.Errors}
	switch {
	case err == nil:
		return out, nil
	case errors.Is(err, slacksim.ErrTimeout), errors.Is(err, slacksim.ErrDispatchFailed), errors.Is(err, slacksim.ErrTrouble):
		if r.Text == "" {
			out.Failure = strings.ReplaceAll(err.Error(), "_", " ") + ": the app did not answer"
		}
		return out, nil
	default:
		return out, err
	}
}
