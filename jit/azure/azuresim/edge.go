package azuresim

// edge is what stands between machines and the world besides groups:
// firewalls, their policies, routes, load balancers, and who else has a say.
type edge struct {
	firewalls map[string]*document[firewallMeaning]
	policies  map[string]*document[policyMeaning]
	// ruleGroups are the rule collection groups of all policies.
	ruleGroups  map[string]*document[groupMeaning]
	routeTables map[string]RouteTable
	balancers   map[string]LoadBalancer
	asgs        map[string]ApplicationSecurityGroup
	gateways    gateways
	// busy are policies, by key, that a change of a group occupies.
	busy map[string]occupied
	// drafts are those of policies, by the policy's key.
	drafts map[string]*policyDraft
	// assignments are of Azure Policy, not of roles.
	assignments []PolicyAssignment
}

func newEdge() edge {
	return edge{
		firewalls: map[string]*document[firewallMeaning]{}, policies: map[string]*document[policyMeaning]{},
		ruleGroups: map[string]*document[groupMeaning]{}, routeTables: map[string]RouteTable{},
		balancers: map[string]LoadBalancer{}, asgs: map[string]ApplicationSecurityGroup{},
		gateways: newGateways(), busy: map[string]occupied{}, drafts: map[string]*policyDraft{},
	}
}

// edgeRoutes are the requests about all this.
func edgeRoutes(add func(method, kind, action string, handle func(*Sim, *call) reply)) {
	const network = "Microsoft.Network/"
	for kind, serve := range map[string]struct{ list, get func(*Sim, *call) reply }{
		firewallType:                          {(*Sim).listFirewalls, (*Sim).getFirewall},
		policyType:                            {(*Sim).listPolicies, (*Sim).getPolicy},
		ruleGroupType:                         {(*Sim).listRuleGroups, (*Sim).getRuleGroup},
		routeTableType:                        {(*Sim).listRouteTables, (*Sim).getRouteTable},
		balancerType:                          {(*Sim).listBalancers, (*Sim).getBalancer},
		network + "applicationSecurityGroups": {(*Sim).listASGs, (*Sim).getASG},
	} {
		add("GET list", kind, kind+"/read", serve.list)
		add("GET", kind, kind+"/read", serve.get)
	}
	add("PUT", firewallType, firewallType+"/write", (*Sim).putFirewall)
	add("DELETE", firewallType, firewallType+"/delete", (*Sim).deleteFirewall)
	add("PUT", ruleGroupType, ruleGroupType+"/write", (*Sim).putRuleGroup)
	add("DELETE", ruleGroupType, ruleGroupType+"/delete", (*Sim).deleteRuleGroup)
	draftRoutes(add)
	gatewayRoutes(add)
}
