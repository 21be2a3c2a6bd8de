// Package page is the demo's web page: on the left the simulated Slack
// workspace as its users know it, on the right the simulated Azure
// subscription, between them a clock that can be moved and a few things that
// can be broken.
//
// The page is static files and one stream of server-sent events; what its
// reader does comes back as small JSON posts. It is for one machine: requests
// that do not name a loopback host are refused, and so are posts that another
// site caused.
package page

import (
	"embed"
	"io/fs"
	"net/http"
	"sync"

	"jitbot/jit/azure/azuresim"
)

//go:embed static
var static embed.FS

// handler is the page. It owns no goroutine: a stream lives in the goroutine of
// its request.
type handler struct {
	opt   Options
	mux   *http.ServeMux
	clock clock

	plans []configuration

	power   sync.Mutex // held while the bot is killed or started
	mu      sync.Mutex // guards the knobs below
	down    bool
	fault   *azuresim.ActiveFault
	applied *apply // nil before the first
}

// New is the page as a handler for the root of a server. A stream ends when its
// request's context does, so the server's shutdown must end those contexts, by
// http.Server.Close or by a BaseContext that is cancelled.
func New(o Options) http.Handler {
	h := &handler{opt: o.withDefaults(), mux: http.NewServeMux()}
	h.clock.now = h.opt.Now
	h.plans = h.configurations()
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic("page: the embedded files: " + err.Error()) // the name is a constant
	}
	h.mux.Handle("GET /", http.FileServerFS(files))
	h.mux.HandleFunc("GET /setup", h.setup)
	h.mux.HandleFunc("GET /events", h.events)
	for name, do := range h.actions() {
		h.mux.Handle("POST /do/"+name, h.action(name, do))
	}
	return guarded(h.mux)
}
