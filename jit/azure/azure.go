package azure

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/clock"
	"jitbot/jit/reach"
	"jitbot/jit/rules"
)

const (
	defaultPoll = time.Second
	minimumPoll = 100 * time.Millisecond
)

// Config is what a Client is made from. Only Subscriptions is required.
type Config struct {
	// Subscriptions are the GUIDs of the subscriptions to list and read.
	Subscriptions []string
	// Cloud chooses the endpoints; empty is Public.
	Cloud Cloud
	// Custom holds the endpoints of CustomCloud.
	Custom Custom
	// APIVersions are spoken in place of the defaults where they are given.
	APIVersions APIVersions
	// Poll is the pause before each of the first ten questions whether a running
	// operation has ended, see pollPause; 0 is one second, 100 milliseconds the least.
	Poll time.Duration
	// GroupWrites lets several changes of a network security group be one
	// write of the whole group, which needs the right to that.
	GroupWrites bool
	// Credential signs in; nil is what the environment tells: a service
	// principal's secret or certificate, a workload identity, else the
	// managed identity.
	Credential azcore.TokenCredential
	// Transport sends requests, those of a nil Credential too; nil is the
	// SDK's HTTP client.
	Transport policy.Transporter
	// Observe, when not nil, is told of each HTTP exchange with Resource
	// Manager and Graph, retries and polls included: its method and status,
	// 0 when no answer came. It must not block.
	Observe func(method string, code int)
	// Wrote, when not nil, is told of each request for a change of a resource, once it
	// was answered or given up. It must not block.
	Wrote func(jit.Write)
	// Log gets what is worth knowing but no error; nil is silent.
	Log *slog.Logger
}

// Client is Azure as the domain sees it. Its methods may be called at the same
// time; changes of one guard wait for each other.
type Client struct {
	poll          time.Duration
	groupWrites   bool // may be written as a whole
	log           *slog.Logger
	cred          azcore.TokenCredential
	options       arm.ClientOptions
	versions      APIVersions
	throttle      *throttle
	budget        *writeBudget
	network       *networkBudget
	dates         *clock.Remote
	locks         keyLocks
	removals      removals
	manager       rest // for documents that are written back whole, and what has no client of the SDK
	graph         graph
	roles         *armauthorization.RoleAssignmentsClient
	defs          *armauthorization.RoleDefinitionsClient
	denies        *armauthorization.DenyAssignmentsClient
	builtIns      definitionCache
	own           ownHoldings
	adminRules    adminRuleCache
	configured    []string
	health        health
	mu            sync.Mutex
	subscriptions map[string]*subscription // by lower-case id
	networks      networkCache
}

var (
	_ rules.Network        = (*Client)(nil)
	_ admission.Inventory  = (*Client)(nil)
	_ admission.Directory  = (*Client)(nil)
	_ admission.Readiness  = (*Client)(nil)
	_ reach.TopologyReader = (*Client)(nil)
	_ admission.Locks      = (*Client)(nil)
)

// subscription holds the clients that are bound to one.
type subscription struct {
	id            string
	manager       rest // for what is listed often: see listInto
	nsgRules      *armnetwork.SecurityRulesClient
	publicIPs     *armnetwork.PublicIPAddressesClient
	loadBalancers *armnetwork.LoadBalancersClient
	vnetGateways  *armnetwork.VirtualNetworkGatewaysClient
	localGateways *armnetwork.LocalNetworkGatewaysClient
}

// New makes a Client. It sends nothing and starts nothing; its errors say
// every fault of the configuration at once.
func New(cfg Config) (*Client, error) {
	ends, err := cfg.check()
	if err != nil {
		return nil, fmt.Errorf("azure configuration: %w", err)
	}
	c := &Client{
		poll: cfg.Poll, groupWrites: cfg.GroupWrites, log: cfg.Log, throttle: newThrottle(), budget: newWriteBudget(), dates: &clock.Remote{},
		versions: cfg.APIVersions.withDefaults(), network: newNetworkBudget(),
		subscriptions: map[string]*subscription{}, health: newHealth(), networks: newNetworkCache(),
	}
	if c.poll == 0 {
		c.poll = defaultPoll
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	for _, id := range cfg.Subscriptions {
		c.configured = append(c.configured, strings.ToLower(id))
	}
	common := clientOptions(cfg, ends)
	if c.cred = cfg.Credential; c.cred == nil {
		if c.cred, err = environmentCredential(common, cfg.Cloud == CustomCloud); err != nil {
			return nil, fmt.Errorf("azure credential: %w", err)
		}
	}
	watch := &exchangePolicy{
		observe: cfg.Observe, wrote: cfg.Wrote, throttle: c.throttle, budget: c.budget, network: c.network, refused: newRefusedVersions(),
		health: &c.health, dates: c.dates, log: c.log,
	}
	c.options = arm.ClientOptions{ClientOptions: common, DisableRPRegistration: true}
	c.options.PerCallPolicies = []policy.Policy{runtime.NewRequestIDPolicy()}
	c.options.PerRetryPolicies = []policy.Policy{watch}
	common.PerRetryPolicies = c.options.PerRetryPolicies[:1:1]
	c.graph = newGraph(ends.graph, c.cred, common)
	if c.manager, err = newManager(ends.cloud.Services[cloud.ResourceManager].Endpoint, c.cred, &c.options, c.versions); err != nil {
		return nil, err
	}
	return c, c.connect()
}

// check validates and gives the endpoints.
func (cfg Config) check() (endpoints, error) {
	ends, err := cfg.Cloud.endpoints(cfg.Custom)
	faults := []error{err}
	if len(cfg.Subscriptions) == 0 {
		faults = append(faults, errors.New("subscriptions: name at least one"))
	}
	for _, id := range cfg.Subscriptions {
		if !isGUID(id) {
			faults = append(faults, fmt.Errorf("subscriptions: %q is no GUID", id))
		}
	}
	if cfg.Poll != 0 && cfg.Poll < minimumPoll {
		faults = append(faults, fmt.Errorf("poll: %s is less than %s", cfg.Poll, minimumPoll))
	}
	return ends, errors.Join(append(faults, cfg.APIVersions.check())...)
}

// connect makes the clients that every configuration needs.
func (c *Client) connect() error {
	// The subscription plays no part in these three clients' requests.
	f, err := armauthorization.NewClientFactory(c.configured[0], c.cred, c.optionsFor(c.versions.Authorization))
	if err != nil {
		return fmt.Errorf("making the authorization client: %w", err)
	}
	c.roles, c.defs, c.denies = f.NewRoleAssignmentsClient(), f.NewRoleDefinitionsClient(), f.NewDenyAssignmentsClient()
	for _, id := range c.configured {
		if _, err := c.subscription(id); err != nil {
			return err
		}
	}
	return nil
}

// subscription gives the clients of one. They are made for any, not only for
// the configured: a guard of a grant must be closed even after its
// subscription was taken out of the configuration.
func (c *Client) subscription(id string) (*subscription, error) {
	key := strings.ToLower(id)
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.subscriptions[key]; s != nil {
		return s, nil
	}
	n, err := armnetwork.NewClientFactory(id, c.cred, c.optionsFor(c.versions.Network))
	if err != nil {
		return nil, fmt.Errorf("making the network client: %w", err)
	}
	s := &subscription{
		id: key, manager: c.manager,
		nsgRules: n.NewSecurityRulesClient(), publicIPs: n.NewPublicIPAddressesClient(),
		loadBalancers: n.NewLoadBalancersClient(),
		vnetGateways:  n.NewVirtualNetworkGatewaysClient(), localGateways: n.NewLocalNetworkGatewaysClient(),
	}
	c.subscriptions[key] = s
	return s, nil
}

// listAddress is that of the list of all resources of a type in the
// subscription.
func (s *subscription) listAddress(kind string) string {
	return s.manager.address("subscriptions/" + s.id + "/providers/" + kind)
}

// locate takes an id of the wanted type apart and gives the clients of its
// subscription. ErrInvalid when it is none.
func (c *Client) locate(id, wanted string) (*arm.ResourceID, *subscription, error) {
	r, err := arm.ParseResourceID(id)
	if err != nil || !strings.EqualFold(r.ResourceType.String(), wanted) || !isGUID(r.SubscriptionID) ||
		strings.ContainsAny(id, "?#%\\") || leavesItsPath(id) {
		return nil, nil, fmt.Errorf("%w: %q is no id of %s", jit.ErrInvalid, id, wanted)
	}
	s, err := c.subscription(r.SubscriptionID)
	return r, s, err
}

// leavesItsPath reports whether an id has a segment that means another folder to
// whoever reads it as a path. Two dots within a name are a name: a resource group
// may be called team..a.
// https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
func leavesItsPath(id string) bool {
	return slices.ContainsFunc(strings.Split(id, "/"), func(segment string) bool { return segment == "." || segment == ".." })
}

// Subscriptions are the GUIDs of the configured subscriptions, in lower case.
func (c *Client) Subscriptions() []string { return slices.Clone(c.configured) }

// isConfigured reports whether the subscription is one of the configured.
func (c *Client) isConfigured(id string) bool {
	return slices.Contains(c.configured, strings.ToLower(id))
}

// isGUID reports whether s has the form of an object id: 8-4-4-4-12 hex
// digits. Nothing else goes into a filter.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			if !strings.ContainsRune("0123456789abcdefABCDEF", rune(s[i])) {
				return false
			}
		}
	}
	return true
}
