package slacksim

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// maxSockets of one app; Slack refuses the eleventh with too_many_websockets.
	maxSockets = 10
	// maxAck is the size from which Slack drops an acknowledgement in silence.
	maxAck = 20 << 10
	// writeWait bounds one write and the wait for the echo of a close frame.
	writeWait = 2 * time.Second
)

// socket is one Socket Mode connection: a reader (the HTTP handler's goroutine)
// and a writer, which alone writes text frames.
type socket struct {
	id     int
	conn   *websocket.Conn
	out    chan []byte
	stop   chan struct{} // closed by end: write what is queued, then close
	stopTo sync.Once
	doomed bool // has been told to go; no new deliveries after the grace
}

// end closes the connection properly after the queued frames.
func (k *socket) end() { k.stopTo.Do(func() { close(k.stop) }) }

// cut closes the connection as a broken network does: without a close frame, and
// without TLS's own goodbye, which could wait for a peer that does not read.
func (k *socket) cut() {
	raw := k.conn.NetConn()
	if t, ok := raw.(*tls.Conn); ok {
		raw = t.NetConn()
	}
	_ = raw.Close()
}

// send queues a frame; a client that lets 256 frames pile up is cut off.
func (k *socket) send(frame []byte) bool {
	select {
	case k.out <- frame:
		return true
	default:
		k.cut()
		return false
	}
}

// connectionsOpen hands out the address of a socket. The ticket works once.
func (s *Sim) connectionsOpen(*call) (object, *apiError) {
	if s.faults.socketsOff {
		// Not verified against a live workspace: what Slack says when Socket
		// Mode was switched off. Clients must survive any error here.
		return fail("socket_mode_not_enabled")
	}
	ticket := s.newUUID()
	s.tickets[ticket] = true
	base := s.url()
	if rest, ok := strings.CutPrefix(base, "https://"); ok {
		base = "wss://" + rest
	} else {
		base = "ws://" + strings.TrimPrefix(base, "http://")
	}
	q := url.Values{"ticket": {ticket}, "app_id": {s.opt.SocketAppID}}
	return object{"url": base + "/link/?" + q.Encode()}, nil
}

func (s *Sim) serveLink(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	c := &call{method: "link", args: object{"debug_reconnects": q.Get("debug_reconnects")}}
	fault := s.meet("link")
	if !s.delay(r, fault.wait) {
		return
	}
	if fault.answers() {
		s.log(c, fault.status(), fault.Error) // first: whoever asked may look at once
		fault.before(w)
		return
	}
	s.mu.Lock()
	good := s.tickets[q.Get("ticket")] && !s.closed
	delete(s.tickets, q.Get("ticket"))
	s.mu.Unlock()
	if !good {
		s.log(c, http.StatusForbidden, "invalid_ticket")
		http.Error(w, "invalid ticket", http.StatusForbidden)
		return
	}
	// Slack's clients send their own Origin, so every origin is let in: the
	// ticket is what authenticates.
	up := websocket.Upgrader{HandshakeTimeout: writeWait, CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	s.log(c, http.StatusSwitchingProtocols, "")
	k := &socket{conn: conn, out: make(chan []byte, 256), stop: make(chan struct{})}
	s.mu.Lock()
	life := s.opt.ConnectionLife
	if q.Get("debug_reconnects") == "true" {
		life = 360 * time.Second
	}
	gone := make(chan struct{})
	started := s.spawn(func() { s.write(k, life, gone) })
	if started {
		s.wg.Add(1)
		s.admit(k, life)
	}
	s.mu.Unlock()
	if !started {
		_ = conn.Close()
		return
	}
	defer s.wg.Done()
	s.read(k)
	close(gone)
	s.mu.Lock()
	delete(s.sockets, k.id)
	s.touch()
	s.mu.Unlock()
}

// admit greets a socket, or sends the eleventh away. Called with the lock held.
func (s *Sim) admit(k *socket, life time.Duration) {
	host := object{"host": "applink-simulated"}
	if len(s.sockets) >= maxSockets {
		k.send(encode(object{"type": "disconnect", "reason": "too_many_websockets", "debug_info": host}))
		k.end()
		return
	}
	s.nextSocket++
	k.id = s.nextSocket
	s.sockets[k.id] = k
	k.send(encode(object{
		"type": "hello", "num_connections": len(s.sockets),
		"connection_info": object{"app_id": s.opt.SocketAppID},
		"debug_info": object{
			"host": "applink-simulated", "build_number": 54, "approximate_connection_time": int(life.Seconds()),
		},
	}))
	if s.faults.helloLoop {
		k.doomed = true
		k.send(encode(object{"type": "disconnect", "reason": "refresh_requested", "debug_info": host}))
		k.end()
	}
	s.touch()
}

// read takes acknowledgements until the connection ends. Anything that is not
// one is ignored, as Slack does.
func (s *Sim) read(k *socket) {
	defer func() { _ = k.conn.Close() }()
	for {
		kind, data, err := k.conn.ReadMessage()
		if err != nil {
			return
		}
		if kind == websocket.TextMessage {
			s.acknowledge(data)
		}
	}
}

// write is the only writer of text frames on a socket; it pings, and ends the
// connection when its life is over.
func (s *Sim) write(k *socket, life time.Duration, gone <-chan struct{}) {
	s.mu.Lock()
	grace, every := min(s.opt.WarningGrace, life), s.opt.PingInterval
	s.mu.Unlock()
	ping := time.NewTicker(every)
	defer ping.Stop()
	warn := time.NewTimer(life - grace)
	defer warn.Stop()
	for {
		select {
		case frame := <-k.out:
			k.writeFrame(frame)
		case <-ping.C:
			s.mu.Lock()
			silent := s.faults.silent
			s.mu.Unlock()
			if !silent {
				_ = k.conn.WriteControl(websocket.PingMessage, []byte("Ping from "+s.Options().AppID), time.Now().Add(writeWait))
			}
		case <-warn.C:
			s.mu.Lock()
			s.warn(k, "warning")
			s.mu.Unlock()
		case <-gone:
			return
		case <-k.stop:
			k.finish(gone)
			return
		}
	}
}

func (k *socket) writeFrame(frame []byte) {
	_ = k.conn.SetWriteDeadline(time.Now().Add(writeWait))
	if err := k.conn.WriteMessage(websocket.TextMessage, frame); err != nil {
		k.cut()
	}
}

// finish writes what is queued, says goodbye and waits for the echo.
func (k *socket) finish(gone <-chan struct{}) {
	for {
		select {
		case frame := <-k.out:
			k.writeFrame(frame)
			continue
		default:
		}
		break
	}
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	_ = k.conn.WriteControl(websocket.CloseMessage, bye, time.Now().Add(writeWait))
	t := time.NewTimer(writeWait)
	defer t.Stop()
	select {
	case <-gone:
	case <-t.C:
		k.cut()
		<-gone
	}
}

// Disconnect tells every open socket to go, with one of Slack's reasons.
// "warning": the socket keeps delivering for Options.WarningGrace and is closed
// then. "refresh_requested": closed at once. "link_disabled": closed, and
// apps.connections.open fails until EnableSocketMode.
func (s *Sim) Disconnect(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if reason == "link_disabled" {
		s.faults.socketsOff = true
	}
	for _, k := range s.sockets {
		s.warn(k, reason)
	}
}

// Renew tells one socket to go, counted from 1 in the order of opening, with one of
// Slack's reasons as Disconnect does: Slack renews sockets one at a time.
func (s *Sim) Renew(socket int, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.sockets[socket]; k != nil {
		s.warn(k, reason)
	}
}

// EnableSocketMode switches Socket Mode on again after link_disabled.
func (s *Sim) EnableSocketMode() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.socketsOff = false
}

// warn sends one disconnect frame. Called with the lock held.
func (s *Sim) warn(k *socket, reason string) {
	k.send(encode(object{"type": "disconnect", "reason": reason, "debug_info": object{"host": "applink-simulated"}}))
	if reason != "warning" {
		k.doomed = true
		k.end()
		return
	}
	grace := s.opt.WarningGrace
	s.spawn(func() {
		if s.pause(grace) {
			k.end()
		}
	})
}
