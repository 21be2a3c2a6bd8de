package config

import (
	"regexp"

	"go.yaml.in/yaml/v4"
)

// APIVersions are the versions of Resource Manager's API to speak with each provider;
// empty is the program's own.
type APIVersions struct{ Network, Compute, Authorization string }

// apiVersions reads them. Before the oldest ones rule collection groups of firewall
// policies have another name, and conditions of role assignments are not shown.
func apiVersions(s *section) APIVersions {
	v := APIVersions{
		Network:       s.version("network", "2020-05-01"),
		Compute:       s.version("compute", "2019-07-01"),
		Authorization: s.version("authorization", "2022-04-01"),
	}
	s.close()
	return v
}

// version takes a version of an API, which YAML may take for a date.
func (s *section) version(key, oldest string) string {
	form := regexp.MustCompile(`^20\d{2}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(-preview)?$`)
	switch n := s.take(key); {
	case n == nil:
		return ""
	case n.Kind != yaml.ScalarNode || !form.MatchString(n.Value):
		s.fault(key, "is %s; write a version of Azure's API, such as 2024-05-01", kind(n))
	case n.Value < oldest:
		s.fault(key, "%s does not tell all that must be known of a resource; write %s or later", n.Value, oldest)
	default:
		return n.Value
	}
	return ""
}
