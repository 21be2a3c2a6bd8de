package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/slack-go/slack"

	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/clock"
)

// reply is where an answer to one person goes.
type reply struct {
	url  string // Slack's response URL; secret
	user jit.UserID
}

// response is a message in an ack or to a response URL.
type response struct {
	Type    string        `json:"response_type"`
	Replace bool          `json:"replace_original"` // false: the message that was clicked stays
	Text    string        `json:"text"`
	Blocks  []slack.Block `json:"blocks,omitempty"`
}

func ephemeral(m view.Message) response {
	return response{Type: "ephemeral", Text: m.Text, Blocks: m.Blocks}
}

const (
	answerTries  = 6
	answerWithin = time.Minute
)

// answer tells one person, in place where that still works, else by direct
// message: a response URL dies after half an hour.
func (b *Bot) answer(ctx context.Context, r reply, m view.Message) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	err := errGone
	if r.url != "" {
		err = b.respond(ctx, r, m)
	}
	if err == nil {
		return
	}
	if errors.Is(err, errGone) {
		err = repeated(ctx, func() (time.Duration, error) {
			_, err := post(ctx, b.API, string(r.user), m)
			return busyFor(err), err
		})
	}
	if err != nil {
		b.Log.ErrorContext(ctx, "an answer could not be delivered", "user", r.user, "error", err)
	}
}

// answerOnce tells one person by one try: what is said matters only for now.
func (b *Bot) answerOnce(ctx context.Context, r reply, m view.Message) {
	body, err := json.Marshal(ephemeral(m))
	if err == nil && r.url != "" {
		_, err = b.respondOnce(ctx, r.url, body)
	} else if err == nil {
		_, err = post(ctx, b.API, string(r.user), m)
	}
	if err != nil {
		b.Log.WarnContext(ctx, "a note could not be delivered", "user", r.user, "error", err)
	}
}

// errGone is a response URL that takes nothing any more.
var errGone = errors.New("the response URL is used up")

// respond posts to the response URL, and again when Slack is in trouble. An
// answer shown twice is better than none.
func (b *Bot) respond(ctx context.Context, r reply, m view.Message) error {
	body, err := json.Marshal(ephemeral(m))
	if err != nil {
		return fmt.Errorf("encoding an answer: %w", err)
	}
	return repeated(ctx, func() (time.Duration, error) { return b.respondOnce(ctx, r.url, body) })
}

// repeated tries again what Slack is too busy for, after as long as it asks for.
func repeated(ctx context.Context, try func() (after time.Duration, err error)) error {
	wait := 500 * time.Millisecond
	for tries := 1; ; tries++ {
		after, err := try()
		lasting := errors.Is(err, jit.ErrNotFound) || errors.Is(err, jit.ErrForbidden) || errors.Is(err, jit.ErrInvalid)
		if err == nil || lasting || errors.Is(err, errGone) || tries == answerTries {
			return err
		}
		if !clock.Sleep(ctx, max(wait, after)) {
			return err
		}
		wait *= 2
	}
}

func (b *Bot) respondOnce(ctx context.Context, to string, body []byte) (after time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return 0, errGone // no address at all
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := b.HTTP.Do(req)
	if err != nil {
		return 0, fmt.Errorf("answering: %w", withoutURL(err))
	}
	defer func() { _ = resp.Body.Close() }()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<16)) // all of it, so that the connection is used again
	switch {
	case resp.StatusCode < 300 && !refusedIn(said):
		return 0, nil
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500:
		seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
		if err != nil || seconds < 0 {
			seconds = 0
		}
		return time.Duration(min(seconds, 60)) * time.Second, fmt.Errorf("answering: Slack says %s", resp.Status)
	default:
		return 0, errGone
	}
}

// refusedIn reports whether a response URL says in an answer that is none of an error
// that it did not take the message.
func refusedIn(body []byte) bool {
	var said struct {
		OK *bool `json:"ok"`
	}
	return json.Unmarshal(body, &said) == nil && said.OK != nil && !*said.OK
}

// withoutURL is an error without the address it happened at, which may be a
// response URL or a socket's ticket.
func withoutURL(err error) error {
	if at, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("%s: %w", at.Op, at.Err)
	}
	return err
}
