package azuresim

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// route is what serves one kind of Resource Manager request.
type route struct {
	// action is the RBAC action it needs at the resource; empty: none.
	action string
	handle func(*Sim, *call) reply
	// extension: the path hangs on a scope, which need not be checked.
	extension bool
}

// armRoutes lists every request that Resource Manager answers here, by method
// and kind; "list" stands where the path ends with a type.
func armRoutes() map[string]route {
	const (
		network = "Microsoft.Network/"
		nsg     = network + "networkSecurityGroups"
		rule    = nsg + "/securityRules"
		vm      = "Microsoft.Compute/virtualMachines"
		auth    = "Microsoft.Authorization/"
	)
	routes := map[string]route{}
	add := func(method, kind, action string, handle func(*Sim, *call) reply) {
		routes[method+" "+strings.ToLower(kind)] = route{
			action: action, handle: handle,
			extension: strings.HasPrefix(kind, auth),
		}
	}
	add("GET", "subscriptions", "Microsoft.Resources/subscriptions/read", (*Sim).getSubscription)
	add("GET list", "resourcegroups", "Microsoft.Resources/subscriptions/resourceGroups/read", (*Sim).listGroups)
	add("GET", "resourcegroups", "Microsoft.Resources/subscriptions/resourceGroups/read", (*Sim).getGroup)
	add("GET list", nsg, nsg+"/read", (*Sim).listNSGs)
	add("GET", nsg, nsg+"/read", (*Sim).getNSG)
	add("PUT", nsg, nsg+"/write", (*Sim).putNSG)
	add("DELETE", nsg, nsg+"/delete", (*Sim).deleteNSG)
	add("GET list", rule, rule+"/read", (*Sim).listRules)
	add("GET", rule, rule+"/read", (*Sim).getRule)
	add("PUT", rule, rule+"/write", (*Sim).putRule)
	add("DELETE", rule, rule+"/delete", (*Sim).deleteRule)
	add("GET list", nsg+"/defaultSecurityRules", nsg+"/defaultSecurityRules/read", (*Sim).listDefaultRules)
	add("GET", network+"locations/operations", network+"locations/operations/read", (*Sim).getOperation)
	add("GET", network+"locations/operationResults", network+"locations/operationResults/read", (*Sim).getOperationResult)
	add("GET list", network+"networkInterfaces", network+"networkInterfaces/read", (*Sim).listNICs)
	add("GET", network+"networkInterfaces", network+"networkInterfaces/read", (*Sim).getNIC)
	add("GET list", network+"virtualNetworks", network+"virtualNetworks/read", (*Sim).listVNets)
	add("GET", network+"virtualNetworks", network+"virtualNetworks/read", (*Sim).getVNet)
	add("GET list", network+"virtualNetworks/subnets", network+"virtualNetworks/subnets/read", (*Sim).listSubnets)
	add("GET", network+"virtualNetworks/subnets", network+"virtualNetworks/subnets/read", (*Sim).getSubnet)
	const effectiveRules = "networkInterfaces/effectiveNetworkSecurityGroups"
	add("POST list", network+effectiveRules, network+effectiveRules+"/action", (*Sim).beginEffectiveRules)
	add("GET list", watcherType, watcherType+"/read", (*Sim).listWatchers)
	add("POST list", watcherType+"/ipFlowVerify", watcherType+"/ipFlowVerify/action", (*Sim).beginIPFlowVerify)
	const effective = "virtualNetworks/listNetworkManagerEffectiveSecurityAdminRules"
	add("POST list", network+effective, network+effective+"/action", (*Sim).listAdminRules)
	add("GET list", network+"publicIPAddresses", network+"publicIPAddresses/read", (*Sim).listPublicIPs)
	add("GET", network+"publicIPAddresses", network+"publicIPAddresses/read", (*Sim).getPublicIP)
	add("GET list", vm, vm+"/read", (*Sim).listVMs)
	add("GET", vm, vm+"/read", (*Sim).getVM)
	add("GET list", vm+"/instanceView", vm+"/instanceView/read", (*Sim).getInstanceView)
	add("GET list", auth+"roleAssignments", auth+"roleAssignments/read", (*Sim).listAssignments)
	add("GET list", auth+"roleDefinitions", auth+"roleDefinitions/read", (*Sim).listRoles)
	add("GET", auth+"roleDefinitions", auth+"roleDefinitions/read", (*Sim).getRole)
	add("PUT", auth+"roleDefinitions", auth+"roleDefinitions/write", (*Sim).putRole)
	add("GET list", auth+"denyAssignments", auth+"denyAssignments/read", (*Sim).listDenials)
	// Everybody may ask for what he himself may do.
	add("GET list", auth+"permissions", "", (*Sim).listPermissions)
	add("GET list", auth+"locks", auth+"locks/read", (*Sim).listLocks)
	edgeRoutes(add)
	return routes
}

// resourceManager is the gateway: it checks in the order that Azure does and
// hands on to a provider.
func (s *Sim) resourceManager(c *call) reply {
	t, refused := s.signedIn(c, s.options.Audience)
	if refused != nil {
		return refused.reply()
	}
	c.caller = t.app
	c.path = parseARM(c.parts)
	if refused := s.checkVersion(c); refused != nil {
		return refused.reply()
	}
	if sub := c.path.subscription; sub != "" {
		if _, known := s.subscriptions[key(sub)]; !known {
			return fromGateway(http.StatusNotFound, "SubscriptionNotFound", "The subscription '%s' could not be found.", sub).reply()
		}
	}
	if a, refused := s.unwell(c); refused {
		return a
	}
	remaining, refused := s.throttle(c)
	if refused != nil {
		return refused.reply()
	}
	a := s.provider(c)
	if a.header == nil {
		a.header = map[string]string{}
	}
	maps.Copy(a.header, remaining)
	return a
}

func (s *Sim) provider(c *call) reply {
	served, known := s.routes[c.routeName()]
	if !known {
		return unknownType(c).reply()
	}
	c.action = served.action
	if refused := s.authorize(c); refused != nil {
		return refused.reply()
	}
	if c.path.group != "" && !served.extension {
		if _, exists := s.groups[c.path.groupKey()]; !exists {
			return missingGroup(c.path.group).reply()
		}
	}
	if refused := s.moving(c); refused != nil {
		return refused.reply()
	}
	if refused := s.locked(c); refused != nil {
		return refused.reply()
	}
	if refusal, refused := s.disallowed(c); refused {
		return refusal
	}
	if !served.extension {
		if a, stale := s.lagging(c); stale {
			return a
		}
	}
	s.meetForeignWriter(c)
	if refused := s.networkBudget(c); refused != nil {
		return refused.reply()
	}
	return served.handle(s, c)
}

// routeName is the key of the request's route.
func (c *call) routeName() string {
	if c.path.list {
		return c.request.Method + " list " + c.path.kind
	}
	return c.request.Method + " " + c.path.kind
}

func unknownType(c *call) *problem {
	space, kind, _ := strings.Cut(c.path.kind, "/")
	switch space {
	case "microsoft.network", "microsoft.compute", "microsoft.authorization", "subscriptions", "resourcegroups":
		if c.request.Method != http.MethodGet {
			return fromGateway(
				http.StatusMethodNotAllowed, "HttpMethodNotAllowed", "The HTTP method '%s' is not supported at scope '%s'.",
				c.request.Method, c.path.id,
			)
		}
		return fromGateway(
			http.StatusNotFound, "InvalidResourceType", "The resource type '%s' could not be found in the namespace '%s' for api "+
				"version '%s'.", kind, space, c.request.URL.Query().Get("api-version"),
		)
	}
	return fromGateway(http.StatusNotFound, "InvalidResourceNamespace", "The resource namespace '%s' is invalid.", space)
}

// locked refuses what a management lock forbids.
func (s *Sim) locked(c *call) *problem {
	deleting := c.request.Method == http.MethodDelete
	if c.request.Method == http.MethodGet {
		return nil
	}
	for _, l := range s.locks {
		if !s.covers(l.Scope, c.path.id) || !deleting && l.Level != ReadOnly {
			continue
		}
		verb := "write"
		if deleting {
			verb = "delete"
		}
		return fromGateway(
			http.StatusConflict, "ScopeLocked", "The scope '%s' cannot perform %s operation because following scope(s) are "+
				"locked: '%s'. Please remove the lock and try again.", c.path.id, verb, l.Scope,
		)
	}
	return nil
}

func (s *Sim) getSubscription(c *call) reply {
	v := s.subscriptions[key(c.path.subscription)]
	return ok(object{
		"id": "/subscriptions/" + v.ID, "subscriptionId": v.ID, "displayName": v.Name, "state": s.stateOf(v.ID),
		"tenantId": s.options.TenantID, "authorizationSource": "RoleBased",
		"subscriptionPolicies": object{
			"locationPlacementId": "Public_2014-09-01", "quotaId": "EnterpriseAgreement_2014-09-01", "spendingLimit": "Off",
		},
	})
}

func (s *Sim) groupBody(v ResourceGroup) object {
	id, state := fmt.Sprintf("/subscriptions/%s/resourceGroups/%s", v.Subscription, v.Name), succeeded
	if s.groupMoves(key(id)) {
		state = "MovingResources"
	}
	return object{
		"id": id, "name": v.Name, "type": "Microsoft.Resources/resourceGroups", "location": v.Location, "tags": tagsBody(v.Tags),
		"properties": object{"provisioningState": state},
	}
}

func (s *Sim) getGroup(c *call) reply { return ok(s.groupBody(s.groups[c.path.groupKey()])) }

func (s *Sim) listGroups(c *call) reply {
	return page(s, c, s.groups, s.groupBody)
}

func tagsBody(tags map[string]string) map[string]string {
	if tags == nil {
		return map[string]string{}
	}
	return tags
}
