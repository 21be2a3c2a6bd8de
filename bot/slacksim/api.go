package slacksim

import (
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Call is one request to the Web API or a response URL. Method "respond" stands
// for the latter, "link" for the opening of a socket.
type Call struct {
	At     time.Time
	Method string
	Status int    // HTTP
	Error  string // Slack's error, empty for ok
	// Args are the decoded arguments without the token.
	Args map[string]any
	// Scopes the method needs, so that a manifest can be compared with its use.
	Scopes []string
}

// Calls is the log of requests, oldest first.
func (s *Sim) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// CountCalls counts the requests of one method since the start or ResetCalls.
func (s *Sim) CountCalls(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.calls {
		if c.Method == method {
			n++
		}
	}
	return n
}

// ResetCalls empties the log of requests.
func (s *Sim) ResetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = nil
}

// call is one decoded request.
type call struct {
	method string
	args   object
	token  string
	header bool // the token came in the Authorization header
	json   bool
	// charset of a JSON body; Slack warns when it is not given.
	charset string
	// broken is the error of a body that is not a JSON object.
	broken string
}

// apiError is an answer with ok:false.
type apiError struct {
	code  string
	extra object
}

func fail(code string) (object, *apiError) { return nil, &apiError{code: code} }

// method is one row of the Web API: what it needs and what it does. run is
// called with the lock held.
type method struct {
	run    func(*Sim, *call) (object, *apiError)
	scopes []string
	tier   int  // calls a minute
	form   bool // reads no JSON body, as Slack's older reading methods
	app    bool // takes the app-level token
}

func methodTable() map[string]method {
	return map[string]method{
		"apps.connections.open": {run: (*Sim).connectionsOpen, scopes: []string{"connections:write"}, tier: 50, app: true},
		"auth.test":             {run: (*Sim).authTest, tier: 600},
		"bots.info":             {run: (*Sim).botsInfo, tier: 50, scopes: []string{"users:read"}},
		"users.info":            {run: (*Sim).usersInfo, scopes: []string{"users:read"}, tier: 100, form: true},
		"users.lookupByEmail":   {run: (*Sim).usersLookup, scopes: []string{"users:read.email"}, tier: 50, form: true},
		"usergroups.list":       {run: (*Sim).groupsList, scopes: []string{"usergroups:read"}, tier: 20, form: true},
		"usergroups.users.list": {run: (*Sim).groupUsers, scopes: []string{"usergroups:read"}, tier: 20, form: true},
		"conversations.info":    {run: (*Sim).conversationsInfo, tier: 50, form: true},
		"conversations.history": {run: (*Sim).conversationsHistory, tier: 50, form: true},
		"conversations.members": {run: (*Sim).conversationsMembers, tier: 100, form: true},
		"conversations.open":    {run: (*Sim).conversationsOpen, scopes: []string{"im:write"}, tier: 50},
		"chat.postMessage":      {run: (*Sim).chatPost, scopes: []string{"chat:write"}, tier: 300},
		"chat.postEphemeral":    {run: (*Sim).chatEphemeral, scopes: []string{"chat:write"}, tier: 100},
		"chat.update":           {run: (*Sim).chatUpdate, scopes: []string{"chat:write"}, tier: 50},
		"chat.delete":           {run: (*Sim).chatDelete, scopes: []string{"chat:write"}, tier: 50},
		"chat.getPermalink":     {run: (*Sim).chatPermalink, tier: 600, form: true},
		"views.open":            {run: (*Sim).viewsOpen, tier: 100},
		"views.push":            {run: (*Sim).viewsPush, tier: 100},
		"views.update":          {run: (*Sim).viewsUpdate, tier: 100},
		"views.publish":         {run: (*Sim).viewsPublish, tier: 100},
	}
}

func (s *Sim) serveAPI(w http.ResponseWriter, r *http.Request) {
	c := readCall(r)
	fault := s.meet(c.method)
	if !s.delay(r, fault.wait) {
		return
	}
	if fault.answers() {
		s.log(c, fault.status(), fault.Error) // first: whoever asked may look at once
		fault.before(w)
		return
	}
	s.mu.Lock()
	m, known := s.methods[c.method]
	body, err := object(nil), (*apiError)(nil)
	retry := 0
	switch {
	case !known:
		err = &apiError{code: "unknown_method"}
	default:
		if err = s.authorize(c, m); err == nil {
			if retry = s.limit(c, m, time.Now()); retry == 0 {
				body, err = m.run(s, c)
			}
		}
	}
	header := w.Header()
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("X-OAuth-Scopes", strings.Join(s.scopesOf(m), ","))
	header.Set("X-Accepted-OAuth-Scopes", strings.Join(m.scopes, ","))
	s.mu.Unlock()
	if retry > 0 {
		s.log(c, http.StatusTooManyRequests, "ratelimited")
		writeLimited(w, retry)
		return
	}
	code := ""
	if err != nil {
		code = err.code
	}
	s.log(c, http.StatusOK, code)
	if fault.Lost {
		abort(w)
		return
	}
	_, _ = w.Write(encode(answer(c, body, err)))
}

// answer wraps a method's result the way Slack does, the charset warning
// included that JSON clients meet.
func answer(c *call, body object, err *apiError) object {
	out := object{"ok": err == nil}
	maps.Copy(out, body)
	if err != nil {
		out["error"] = err.code
		maps.Copy(out, err.extra)
	}
	if c.json && err == nil && c.charset == "" {
		out["warning"] = "missing_charset"
		out["response_metadata"] = object{"warnings": []string{"missing_charset"}}
	}
	return out
}

func writeLimited(w http.ResponseWriter, seconds int) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	w.WriteHeader(http.StatusTooManyRequests)
	_, _ = w.Write(encode(object{"ok": false, "error": "ratelimited"}))
}

// log records a request.
func (s *Sim) log(c *call, status int, code string) {
	args := copyObject(c.args)
	delete(args, "token")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, Call{
		At: time.Now(), Method: c.method, Status: status, Error: code, Args: args,
		Scopes: slices.Clone(s.methods[c.method].scopes),
	})
	s.touch()
}

// maxBody is far over any request that Slack accepts, views of 250 KB included.
const maxBody = 4 << 20

// readCall decodes both encodings of the Web API: form fields (and query
// parameters), whose structures are JSON strings, and a JSON body.
func readCall(r *http.Request) *call {
	c := &call{method: strings.TrimPrefix(r.URL.Path, "/api/"), args: object{}}
	if t, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		c.token, c.header = t, true
	}
	addForm(c.args, r.URL.Query())
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	data, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return c
	}
	if kind == "application/json" {
		c.json, c.charset = true, params["charset"]
		c.readJSON(data)
		return c
	}
	if form, err := url.ParseQuery(string(data)); err == nil {
		addForm(c.args, form)
	}
	if !c.header {
		c.token = str(c.args, "token")
	}
	return c
}

// readJSON decodes a JSON body, which may be empty: SDKs send none where a
// method has no arguments. A token in it is not read by Slack.
func (c *call) readJSON(data []byte) {
	if len(data) == 0 {
		return
	}
	v, err := decode(data)
	o, isObject := v.(object)
	switch {
	case err != nil:
		c.broken = "invalid_json"
	case !isObject:
		c.broken = "json_not_object"
	default:
		delete(o, "token")
		c.args = o
	}
}

func addForm(args object, form url.Values) {
	for key, v := range form {
		if len(v) > 0 {
			args[key] = v[0]
		}
	}
}

// structure is an argument that is an object or array: given as such in JSON, as
// a JSON string in a form. ok is false when it is there and cannot be decoded.
func (c *call) structure(key string) (v any, present, ok bool) {
	raw, present := c.args[key]
	if !present || raw == nil {
		return nil, false, true
	}
	text, isText := raw.(string)
	if !isText {
		return raw, true, true
	}
	if text == "" {
		return nil, false, true
	}
	v, err := decode([]byte(text))
	return v, true, err == nil
}

func (c *call) str(key string) string {
	switch v := c.args[key].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}
