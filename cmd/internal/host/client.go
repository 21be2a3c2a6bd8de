package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"syscall"
	"time"

	"jitbot/jit"
	"jitbot/jit/record"
)

// ErrNoBot means that nobody listens at the socket, or that there is none.
var ErrNoBot = errors.New("no bot listens at the socket")

const (
	answerWithin = 10 * time.Second // a bot that does not answer by then hangs
	dialWithin   = 2 * time.Second
	maxAnswer    = 256 << 20 // bytes of an answer that is JSON
)

// Client speaks to the bot that runs.
type Client struct{ http *http.Client }

var _ Session = (*Client)(nil)

// Dial connects to the bot with the store. ErrNoBot when none runs; another error
// when one does and is not to be believed, or does not answer.
func Dial(ctx context.Context, store string) (*Client, error) {
	path := Path(store)
	dial := func(ctx context.Context) (net.Conn, error) {
		c, err := (&net.Dialer{Timeout: dialWithin}).DialContext(ctx, "unix", path)
		if err != nil {
			return nil, err
		}
		if err := believe(c, store); err != nil {
			return nil, errors.Join(err, c.Close())
		}
		return patient{c}, nil
	}
	probe, err := dial(ctx)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("%w: %w", ErrNoBot, err)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("the socket %s is for the account that jitbot runs as; run this as that one, or as root: %w", path, err)
	case err != nil:
		return nil, fmt.Errorf("connecting to the bot at %s: %w", path, err)
	}
	_ = probe.Close()
	transport := &http.Transport{
		DialContext:           func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		ResponseHeaderTimeout: answerWithin, DisableCompression: true,
	}
	return &Client{http: &http.Client{Transport: transport}}, nil
}

// believe refuses a server that runs as anybody else than the store's owner, root or
// ourselves: whoever may write to the folder could have put a socket there.
func believe(c net.Conn, store string) error {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return errors.New("not a socket of this machine")
	}
	uid, err := peer(u)
	if err != nil {
		return err
	}
	if mayEnter(uid, uint32(os.Geteuid())) {
		return nil
	}
	if owner, known := ownerOf(store); known && owner == uid {
		return nil
	}
	return fmt.Errorf("the socket is served by %s, who does not own the store; remove it and look who may write to that folder", User(uid))
}

// Close gives the connections back.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// open sends a request and gives the answer's body, or what went wrong.
func (c *Client) open(ctx context.Context, method, path string) (io.ReadCloser, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://jitbot/v1"+path, nil)
	if err != nil {
		return nil, fmt.Errorf("asking the bot: %w", err)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("the bot runs and does not answer (%w); end that process and start it again, and meanwhile "+
			"\"jitbot sweep\" closes what is due: %w", unwrapURL(err), jit.ErrBusy)
	}
	if answer.StatusCode == http.StatusOK {
		return answer.Body, nil
	}
	defer answer.Body.Close() //nolint:errcheck // it was read
	fault := &Fault{}
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(fault); err != nil || fault.Text == "" {
		return nil, fmt.Errorf("the bot answered %s, and it is of another version than this jitbot: run the same one", answer.Status)
	}
	return nil, fault
}

func unwrapURL(err error) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		return u.Err
	}
	return err
}

// ask reads an answer that is JSON.
func ask[T any](ctx context.Context, c *Client, method, path string) (out T, err error) {
	body, err := c.open(ctx, method, path)
	if err != nil {
		return out, err
	}
	defer body.Close() //nolint:errcheck // it was read
	if err := json.NewDecoder(io.LimitReader(body, maxAnswer)).Decode(&out); err != nil {
		return out, fmt.Errorf("reading what the bot answered: %w", err)
	}
	return out, nil
}

// list reads a page.
func list[T any](ctx context.Context, c *Client, method, path string) ([]T, error) {
	p, err := ask[page[T]](ctx, c, method, path)
	if err == nil && p.Fault != nil {
		err = p.Fault
	}
	return p.Items, err
}

// Status implements Session.
func (c *Client) Status(ctx context.Context) (Status, error) {
	return ask[Status](ctx, c, http.MethodGet, "/status")
}

// Grant implements Session.
func (c *Client) Grant(ctx context.Context, id jit.ID) (Grant, error) {
	return ask[Grant](ctx, c, http.MethodGet, "/grants/"+url.PathEscape(string(id)))
}

// End implements Session.
func (c *Client) End(ctx context.Context, id jit.ID) (Grant, error) {
	return ask[Grant](ctx, c, http.MethodPost, "/grants/"+url.PathEscape(string(id))+"/end")
}

// EndAll implements Session.
func (c *Client) EndAll(ctx context.Context) ([]Grant, error) {
	return list[Grant](ctx, c, http.MethodPost, "/end")
}

// Copied implements Session.
func (c *Client) Copied(ctx context.Context, what string) error {
	_, err := ask[struct{}](ctx, c, http.MethodPost, "/copied?what="+url.QueryEscape(what))
	return err
}

// Events implements Session.
func (c *Client) Events(ctx context.Context, after uint64, limit int) ([]jit.Event, error) {
	events, err := list[jit.Event](ctx, c, http.MethodGet, "/events?after="+strconv.FormatUint(after, 10))
	return events[:min(limit, len(events))], err
}

// Sealed implements Session.
func (c *Client) Sealed(ctx context.Context) ([]record.Segment, error) {
	return ask[[]record.Segment](ctx, c, http.MethodGet, "/sealed")
}

// Last implements Session.
func (c *Client) Last(ctx context.Context) (record.Anchor, error) {
	return ask[record.Anchor](ctx, c, http.MethodGet, "/last")
}

// Backup implements Session.
func (c *Client) Backup(ctx context.Context, w io.Writer) error {
	body, err := c.open(ctx, http.MethodGet, "/backup")
	if err != nil {
		return err
	}
	defer body.Close() //nolint:errcheck // it was read
	if _, err := io.Copy(w, body); err != nil {
		return fmt.Errorf("copying the store: %w", err)
	}
	return nil
}
