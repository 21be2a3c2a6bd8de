package azuresim

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits that Azure documents.
const (
	maxRules       = 1000
	maxDescription = 140
	lowPriority    = 100
	highPriority   = 4096
)

var (
	namePattern = regexp.MustCompile(`^[A-Za-z0-9]$|^[A-Za-z0-9][A-Za-z0-9_.-]{0,78}[A-Za-z0-9_]$`)
	tagPattern  = regexp.MustCompile(
		`^(?i:VirtualNetwork|Internet|AzureLoadBalancer|(AzureCloud|AzureActiveDirectory|AzureMonitor|AzureKeyVault|` +
			`AzureContainerRegistry|AzureTrafficManager|AzureFrontDoor|AzureDevOps|AzureBackup|AzureResourceManager|ActionGroup|` +
			`ApiManagement|AppService|CosmosDB|EventHub|GatewayManager|ServiceBus|` +
			`Sql|Storage|WindowsAdminCenter|WindowsVirtualDesktop)(\.[A-Za-z0-9]+)?)$`,
	)
)

// checkName refuses a name that no network resource may have.
func checkName(name string) *problem {
	if namePattern.MatchString(name) {
		return nil
	}
	return invalid(
		"InvalidResourceName", "Resource name %s is invalid. The name can be up to 80 characters long. It must begin with a "+
			"word character, and it must end with a word character or with '_'. The name may contain word characters or '.', '-', '_'.", name,
	)
}

// check refuses what the table cannot take, and puts words into Azure's
// spelling.
func (g *guard) check(r *Rule) *problem {
	if p := checkRule(g.id, r); p != nil {
		return p
	}
	if g.rules[key(r.Name)] == nil && len(g.rules) >= maxRules {
		return tooManyRules(g.id)
	}
	all := []Rule{*r}
	for _, w := range g.sorted() {
		if key(w.Name) != key(r.Name) {
			all = append(all, w.Rule)
		}
	}
	if p := tooManyAddresses(g.id, all); p != nil {
		return p
	}
	for _, w := range g.sorted() {
		if p := conflict(*r, w.Rule); p != nil && key(w.Name) != key(r.Name) {
			return p
		}
	}
	return nil
}

// checkRules refuses a whole table.
func checkRules(nsg string, rules []Rule) *problem {
	if len(rules) > maxRules {
		return tooManyRules(nsg)
	}
	if p := tooManyAddresses(nsg, rules); p != nil {
		return p
	}
	for i := range rules {
		if p := checkRule(nsg, &rules[i]); p != nil {
			return p
		}
		for _, other := range rules[:i] {
			if p := conflict(rules[i], other); p != nil {
				return p
			}
		}
	}
	return nil
}

// maxAddresses is how many addresses and ranges the rules of a group may name on one
// side in all (kubernetes-sigs/cloud-provider-azure#2725).
const maxAddresses = 4000

// tooManyAddresses refuses rules that name more; tags and * are none.
func tooManyAddresses(nsg string, rules []Rule) *problem {
	var sources, destinations int
	for _, r := range rules {
		sources += addressesIn(append(r.SourceAddressPrefixes, r.SourceAddressPrefix))
		destinations += addressesIn(append(r.DestinationAddressPrefixes, r.DestinationAddressPrefix))
	}
	for side, n := range map[string]int{"SourceAddressPrefixes": sources, "DestinationAddressPrefixes": destinations} {
		if n > maxAddresses {
			return invalid("SecurityRuleAddressesOrPortsPerSecurityGroupLimitReached", "Network security group %s has %d %s. A security group "+
				"cannot have more than %d %s as per the limit MaxSecurityRuleAddressesOrPortsPerSecurityGroup.", nsg, n, side, maxAddresses, side)
		}
	}
	return nil
}

func addressesIn(list []string) (n int) {
	for _, text := range list {
		if _, _, ok := addressSpan(text); ok {
			n++
		}
	}
	return n
}

func tooManyRules(nsg string) *problem {
	return invalid(
		"SecurityRuleCountLimitReached", "The number of rules in network security group %s has exceeded the limit of %d.", nsg, maxRules,
	)
}

func conflict(a, b Rule) *problem {
	if key(a.Name) != key(b.Name) && (a.Priority != b.Priority || a.Direction != b.Direction) {
		return nil
	}
	return invalid(
		"SecurityRuleConflict", "Security rule %s conflicts with rule %s. Rules cannot have the same Priority and Direction. "+
			"To learn more, see aka.ms/nsgrules.", a.Name, b.Name,
	)
}

// checkRule refuses a rule by itself.
func checkRule(nsg string, r *Rule) *problem {
	id := nsg + "/securityRules/" + r.Name
	if p := checkName(r.Name); p != nil {
		return p
	}
	for _, d := range defaultRules() {
		if strings.EqualFold(d.Name, r.Name) {
			return invalid(
				"SecurityRuleConflict", "Security rule %s conflicts with rule %s. Rules cannot have the same name as a default "+
					"rule. To learn more, see aka.ms/nsgrules.", r.Name, d.Name,
			)
		}
	}
	for _, word := range []struct {
		name    string
		value   *string
		allowed []string
	}{
		{"protocol", &r.Protocol, []string{"Tcp", "Udp", "Icmp", "Esp", "Ah", "*"}},
		{"access", &r.Access, []string{"Allow", "Deny"}},
		{"direction", &r.Direction, []string{"Inbound", "Outbound"}},
	} {
		at := slices.IndexFunc(word.allowed, func(a string) bool { return strings.EqualFold(a, *word.value) })
		if at < 0 {
			p := invalid("InvalidRequestFormat", "Cannot parse the request.")
			p.detailCode, p.detailMessage = "InvalidJson", "Error converting value \""+*word.value+"\". Path 'properties."+word.name+"'."
			return p
		}
		*word.value = word.allowed[at]
	}
	if r.Priority < lowPriority || r.Priority > highPriority {
		return invalid(
			"SecurityRuleInvalidPriority", "Security rule has invalid Priority. Value provided: %d Allowed range 100-4096.", r.Priority,
		)
	}
	if utf8.RuneCountInString(r.Description) > maxDescription {
		return invalid("SecurityRuleDescriptionTooLong", "Security rule description cannot exceed 140 chars.")
	}
	if p := checkPorts(id, "SourcePortRange", r.SourcePortRange, r.SourcePortRanges); p != nil {
		return p
	}
	if p := checkPorts(id, "DestinationPortRange", r.DestinationPortRange, r.DestinationPortRanges); p != nil {
		return p
	}
	if p := checkPrefixes(id, "Source", r.SourceAddressPrefix, r.SourceAddressPrefixes, r.SourceASGs); p != nil {
		return p
	}
	if p := checkPrefixes(id, "Destination", r.DestinationAddressPrefix, r.DestinationAddressPrefixes, r.DestinationASGs); p != nil {
		return p
	}
	return checkFamilies(id, r)
}

func checkPorts(id, field, one string, many []string) *problem {
	if (one == "") == (len(many) == 0) {
		return invalid(
			"SecurityRuleParametersMissing", "Required security rule parameters are missing for security rule with Id: %s. "+
				"Security rule must specify either %s or %ss.", id, field, field,
		)
	}
	for _, ports := range many {
		if ports == "*" {
			return unsupported(id, field+"s", ports)
		}
	}
	if one == "*" {
		return nil
	}
	if one != "" {
		many = []string{one}
	}
	for _, ports := range many {
		if _, _, ok := portRange(ports); !ok {
			return invalid(
				"SecurityRuleInvalidPortRange", "Security rule has invalid Port range. Value provided: %s. Value should be an "+
					"integer OR integer range with '-' delimiter. Valid range 0-65535.", ports,
			)
		}
	}
	return nil
}

// portRange reads "22" or "20-25".
func portRange(text string) (low, high int, ok bool) {
	a, b, ranged := strings.Cut(text, "-")
	low, errLow := strconv.Atoi(a)
	high = low
	var errHigh error
	if ranged {
		high, errHigh = strconv.Atoi(b)
	}
	return low, high, errLow == nil && errHigh == nil && low >= 0 && high <= 65535 && low <= high
}

func checkPrefixes(id, side, one string, many, asgs []string) *problem {
	forms := 0
	for _, given := range []bool{one != "", len(many) > 0, len(asgs) > 0} {
		if given {
			forms++
		}
	}
	if forms != 1 {
		return invalid(
			"SecurityRuleParametersMissing", "Required security rule parameters are missing for security rule with Id: %s. "+
				"Security rule must specify either %sAddressPrefix, %sAddressPrefixes or %sApplicationSecurityGroups.", id, side, side, side,
		)
	}
	for _, prefix := range many {
		if prefix == "*" || tagPattern.MatchString(prefix) {
			return unsupported(id, side+"AddressPrefixes", prefix)
		}
	}
	if one == "*" || tagPattern.MatchString(one) {
		return nil
	}
	if one != "" {
		many = []string{one}
	}
	for _, prefix := range many {
		if _, ok := addressRange(prefix); !ok {
			return invalid("SecurityRuleInvalidAddressPrefix", "Security rule %s has invalid Address prefix. Value provided: %s", id, prefix)
		}
	}
	return nil
}

func unsupported(id, field, value string) *problem {
	return invalid(
		"SecurityRuleParameterContainsUnsupportedValue", "Security rule parameter %s for rule with Id %s contains unsupported "+
			"value %s. Service tags and '*' cannot be used in a list.", field, id, value,
	)
}

// addressRange reads an address or a prefix.
func addressRange(text string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err == nil
}

// checkFamilies refuses IPv4 together with IPv6, on either side.
func checkFamilies(id string, r *Rule) *problem {
	var four, six bool
	for _, text := range slices.Concat(
		[]string{r.SourceAddressPrefix, r.DestinationAddressPrefix}, r.SourceAddressPrefixes, r.DestinationAddressPrefixes,
	) {
		if p, ok := addressRange(text); ok {
			four, six = four || p.Addr().Is4(), six || p.Addr().Is6()
		}
	}
	if four && six {
		return invalid(
			"ResourceCannotContainAddressPrefixesFromDifferentAddressFamilies", "Resource %s cannot contain address prefixes "+
				"from different address families.", id,
		)
	}
	return nil
}
