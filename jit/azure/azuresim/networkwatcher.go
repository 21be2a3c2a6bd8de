package azuresim

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

const watcherType = "Microsoft.Network/networkWatchers"

// NetworkWatcher is one of a region.
type NetworkWatcher struct{ ID, Location string }

// PutNetworkWatcher adds or replaces one.
func (s *Sim) PutNetworkWatcher(w NetworkWatcher) { put(s, s.watchers, key(w.ID), w) }

// DeleteNetworkWatcher removes one.
func (s *Sim) DeleteNetworkWatcher(id string) { remove(s, s.watchers, id) }

func (s *Sim) listWatchers(c *call) reply {
	return page(s, c, s.watchers, func(w NetworkWatcher) object {
		return object{
			"id": w.ID, "name": nameOf(w.ID), "type": watcherType, "location": w.Location,
			"properties": object{"provisioningState": succeeded, "runningOperationIds": []string{}},
		}
	})
}

// ipFlowQuery is what IP flow verify is asked.
type ipFlowQuery struct {
	Target     string `json:"targetResourceId"`
	Interface  string `json:"targetNicResourceId"`
	Direction  string `json:"direction"`
	Protocol   string `json:"protocol"`
	LocalPort  string `json:"localPort"`
	RemotePort string `json:"remotePort"`
	Local      string `json:"localIPAddress"`
	Remote     string `json:"remoteIPAddress"`
}

// beginIPFlowVerify begins to find what becomes of a packet to a running machine of
// the watcher's region. It knows IPv4 and what comes in alone.
func (s *Sim) beginIPFlowVerify(c *call) reply {
	watcher, there := s.watchers[key(c.path.id[:strings.LastIndexByte(c.path.id, '/')])]
	if !there {
		return missingResource(c.path, watcherType).reply()
	}
	var q ipFlowQuery
	if refused := decode(c.body, &q); refused != nil {
		return refused.reply()
	}
	vm, found := s.vms[key(q.Target)]
	nic := s.nics[key(q.Interface)]
	switch {
	case !found || nic.ID == "":
		return fromGateway(http.StatusNotFound, "ResourceNotFound", "The target resource %s was not found.", q.Target).reply()
	case !strings.EqualFold(vm.Location, watcher.Location):
		return invalid("TargetResourceNotInRegion", "The target resource %s is not in the region of %s.", q.Target, nameOf(watcher.ID)).reply()
	}
	local, badLocal := netip.ParseAddr(q.Local)
	remote, badRemote := netip.ParseAddr(q.Remote)
	port, badPort := strconv.Atoi(q.LocalPort)
	if badLocal != nil || badRemote != nil || badPort != nil || !local.Is4() || !remote.Is4() ||
		q.Direction != "Inbound" || q.RemotePort == "" {
		return invalid("InvalidRequestFormat", "The request is invalid.").reply()
	}
	op := s.accept(c, "VerifyIpFlowOperation", watcher.Location, s.settings.OperationTime)
	op.done = func() {}
	op.answer = func() object {
		return s.verifyIPFlow(nic, packet{source: remote, destination: local, port: port, protocol: q.Protocol})
	}
	return reply{status: http.StatusAccepted, header: op.headers(c, s.settings.RetryAfter)}
}

// verifyIPFlow is the decision, and the rule that took it.
func (s *Sim) verifyIPFlow(nic NIC, p packet) object {
	s.settle(time.Now())
	for _, ip := range nic.IPs {
		if !ip.holds(p.destination) {
			continue
		}
		allowed, why := s.passes(nic, ip, p)
		access := map[bool]string{true: "Allow", false: "Deny"}[allowed]
		words := strings.Fields(why)
		if len(words) == 0 || strings.HasPrefix(why, "no network") {
			return object{"access": access}
		}
		of, rule := "securityRules/", words[len(words)-1]
		for _, r := range defaultRules() {
			if r.Name == rule {
				of = "defaultSecurityRules/"
			}
		}
		return object{"access": access, "ruleName": of + rule}
	}
	return object{"access": "Deny"}
}
