package azuresim

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Transport sends requests straight into a handler, without sockets or
// goroutines, so that clients run inside a testing/synctest bubble. It is an
// http.RoundTripper and, by Do, the Azure SDK's policy.Transporter.
type Transport struct {
	// Handler answers, usually a *Sim.
	Handler http.Handler
}

// Do is RoundTrip under the name the Azure SDK asks for.
func (t Transport) Do(req *http.Request) (*http.Response, error) { return t.RoundTrip(req) }

// RoundTrip calls the handler with a copy of the request and gives back the
// whole answer. A handler that panics with http.ErrAbortHandler, or a
// request whose context has ended meanwhile, gives an error, although the
// handler may have acted.
func (t Transport) RoundTrip(req *http.Request) (_ *http.Response, err error) {
	if req.Body != nil {
		defer func() {
			if e := req.Body.Close(); err == nil {
				err = e
			}
		}()
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	inner, err := served(req)
	if err != nil {
		return nil, err
	}
	rec := &recording{header: http.Header{}}
	if strings.ContainsAny(req.URL.RawQuery, " \t") {
		// A server cannot parse such a request line; azure's v2
		// authorization client sends one when a filter holds blanks.
		http.Error(rec, "Bad Request - Invalid URL", http.StatusBadRequest)
	} else if rec.serve(t.Handler, inner) {
		if err := req.Context().Err(); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%s %s: connection broken: %w", req.Method, req.URL.Path, io.ErrUnexpectedEOF)
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	return rec.response(req), nil
}

// served is the request as a server sees it.
func served(req *http.Request) (*http.Request, error) {
	inner := req.Clone(req.Context())
	if inner.Host == "" {
		inner.Host = req.URL.Host
	}
	inner.RequestURI = req.URL.RequestURI()
	inner.RemoteAddr = "127.0.0.1:1"
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
	}
	inner.Body = io.NopCloser(bytes.NewReader(body))
	inner.ContentLength = int64(len(body))
	return inner, nil
}

// recording is a ResponseWriter that keeps the answer.
type recording struct {
	header http.Header
	status int
	sent   http.Header
	body   bytes.Buffer
}

// Header is the header map to change before WriteHeader.
func (r *recording) Header() http.Header { return r.header }

// WriteHeader fixes the status and the headers; later calls do nothing.
func (r *recording) WriteHeader(status int) {
	if r.status == 0 {
		r.status, r.sent = status, r.header.Clone()
	}
}

// Write keeps a piece of the body.
func (r *recording) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

// serve runs the handler and says whether it broke the connection.
func (r *recording) serve(h http.Handler, req *http.Request) (broken bool) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			broken = true
		default:
			panic(p)
		}
	}()
	h.ServeHTTP(r, req)
	r.WriteHeader(http.StatusOK)
	return false
}

func (r *recording) response(req *http.Request) *http.Response {
	return &http.Response{
		Status:     fmt.Sprintf("%d %s", r.status, http.StatusText(r.status)),
		StatusCode: r.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: r.sent, Body: io.NopCloser(&r.body), ContentLength: int64(r.body.Len()), Request: req,
	}
}
