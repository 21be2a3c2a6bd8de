// Package azuresim simulates what jitbot needs of Azure: Resource Manager,
// the Entra token endpoint and Microsoft Graph, behind one http.Handler that
// speaks the wire. The world is a plain set of Go values that a test seeds,
// changes behind the bot's back, and reads again; time is read lazily, so the
// whole simulator runs inside a testing/synctest bubble.
package azuresim

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Values that Options takes when a field is empty.
const (
	DefaultTenantID     = "7d1f0f6e-0c3a-4c55-9a8e-6f2b1f0a5e01"
	DefaultClientID     = "b0700000-0000-4000-8000-00000000c11e"
	DefaultClientSecret = "demo-secret"
	DefaultPrincipalID  = "b0700000-0000-4000-8000-0000000000b1"
	DefaultAudience     = "https://management.core.windows.net/"
	DefaultGraph        = "https://graph.microsoft.com"
)

// Options are what a Sim is made with. Every empty field takes its default.
type Options struct {
	// URL is the address that clients use, without a trailing slash, such as
	// https://127.0.0.1:1234. Operations, paging and discovery links start
	// with it. Empty: derived from each request's Host.
	URL string
	// TenantID names the Entra tenant, a GUID.
	TenantID string
	// ClientID, ClientSecret and PrincipalID are the bot's application, its
	// secret and the object id of its service principal.
	ClientID, ClientSecret, PrincipalID string
	// Audience and GraphAudience are the resources tokens are issued for; a
	// client asks for "<audience>/.default".
	Audience, GraphAudience string
	// TokenLifetime is how long an access token is good. Default one hour.
	TokenLifetime time.Duration
}

// App is an application that may sign in by secret.
type App struct {
	// ClientID and Secret are what it sends to the token endpoint.
	ClientID, Secret string
	// PrincipalID is the object id of its service principal, the id that role
	// assignments name.
	PrincipalID string
}

// Sim is a simulated Azure. All methods may be called at any time, from any
// goroutine, also while requests are served. Slices and maps given to it or
// taken from it must not be changed afterwards.
type Sim struct {
	mu       sync.Mutex
	options  Options
	settings Settings
	routes   map[string]route
	hook     func(*http.Request)
	serial   uint64

	apps   map[string]App
	tokens map[string]token

	subscriptions map[string]Subscription
	groups        map[string]ResourceGroup
	vms           map[string]VM
	nics          map[string]NIC
	vnets         map[string]VNet
	adminRules    map[string][]AdminRule // by virtual network
	watchers      map[string]NetworkWatcher
	publicIPs     map[string]PublicIP
	nsgs          map[string]*guard
	operations    map[string]*operation
	// running are the operations in progress, oldest first.
	running []*operation
	index   *index
	edge    edge
	// clock is when everything that was due was last brought about.
	clock time.Time

	users       map[string]User
	teams       map[string]Group
	roles       map[string]RoleDefinition
	assignments []RoleAssignment
	denials     []DenyAssignment
	locks       []Lock

	// skews are offsets of the Date header by subscription or host, health is
	// how subscriptions are, contended how often writes of a resource meet a
	// changed etag, hosts what host names resolve to; all by key.
	skews     map[string]time.Duration
	health    map[string]SubscriptionHealth
	contended map[string]int
	hosts     map[string]string
	// deleted is how often a machine or an interface was deleted, by key.
	deleted map[string]int
	lags    []*ActiveLag
	moves   []*move

	// versions are the served versions of the API where they are narrowed, by type
	// or provider; written is when Microsoft.Network was written, by subscription
	// and region.
	versions map[string][]string
	written  map[string][]time.Time

	buckets map[string]*bucket
	faults  []*ActiveFault
	log     []Request
	counts  Counts
}

// New makes an empty Azure: the tenant, the bot's application and the
// built-in roles, no subscription.
func New(o Options) *Sim {
	setDefault(&o.TenantID, DefaultTenantID)
	setDefault(&o.ClientID, DefaultClientID)
	setDefault(&o.ClientSecret, DefaultClientSecret)
	setDefault(&o.PrincipalID, DefaultPrincipalID)
	setDefault(&o.Audience, DefaultAudience)
	setDefault(&o.GraphAudience, DefaultGraph)
	if o.TokenLifetime == 0 {
		o.TokenLifetime = time.Hour
	}
	o.URL = strings.TrimRight(o.URL, "/")
	s := &Sim{
		options: o, settings: DefaultSettings(), routes: armRoutes(),
		apps: map[string]App{}, tokens: map[string]token{},
		subscriptions: map[string]Subscription{}, groups: map[string]ResourceGroup{},
		vms: map[string]VM{}, nics: map[string]NIC{}, vnets: map[string]VNet{}, adminRules: map[string][]AdminRule{},
		watchers:  map[string]NetworkWatcher{},
		publicIPs: map[string]PublicIP{}, nsgs: map[string]*guard{},
		operations: map[string]*operation{},
		users:      map[string]User{}, teams: map[string]Group{},
		roles: map[string]RoleDefinition{}, buckets: map[string]*bucket{}, edge: newEdge(),
		skews: map[string]time.Duration{}, health: map[string]SubscriptionHealth{},
		contended: map[string]int{}, hosts: map[string]string{}, deleted: map[string]int{},
		versions: map[string][]string{}, written: map[string][]time.Time{},
	}
	s.AddApp(App{ClientID: o.ClientID, Secret: o.ClientSecret, PrincipalID: o.PrincipalID})
	for _, role := range builtInRoles() {
		s.PutRoleDefinition(role)
	}
	return s
}

// AddApp registers an application, or replaces the one of that client id.
func (s *Sim) AddApp(a App) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apps[strings.ToLower(a.ClientID)] = a
}

// SetURL changes Options.URL, for a server that learns its port late.
func (s *Sim) SetURL(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options.URL = strings.TrimRight(url, "/")
}

// SetHook sets a function called before each request is looked at, outside
// any lock: it may call the Sim, count, or panic with http.ErrAbortHandler to
// break the connection. nil removes it.
func (s *Sim) SetHook(hook func(*http.Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = hook
}

func setDefault(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

// newGUID makes ids that differ within a Sim and repeat between two runs of
// one test, so that a failing run can be compared with a good one.
func (s *Sim) newGUID() string {
	s.serial++
	var seed [8]byte
	binary.BigEndian.PutUint64(seed[:], s.serial)
	return guidOf(string(seed[:]))
}

// guidOf is the GUID that belongs to a text, always the same one.
func guidOf(text string) string {
	h := sha256.Sum256([]byte(text))
	h[6], h[8] = h[6]&0x0f|0x40, h[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[0:4], h[4:6], h[6:8], h[8:10], h[10:16])
}
