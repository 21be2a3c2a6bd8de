package azuresim

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// VersionRefusal is how a version of the API that is not served is refused: Resource
// Manager has been seen doing it in three ways.
type VersionRefusal int

// The ways of Settings.VersionRefusal.
const (
	// NoRegisteredProvider answers 400 NoRegisteredProviderFound
	// (Azure/azure-cli#28496, #26639).
	NoRegisteredProvider VersionRefusal = iota
	// InvalidType answers 404 InvalidResourceType (Azure/acs-engine#4037).
	InvalidType
	// InvalidVersion answers 400 InvalidApiVersionParameter
	// (ansible-collections/azure#1739).
	InvalidVersion
)

// ServeVersions narrows the versions of the API that are served for a resource
// provider, such as Microsoft.Network, or one type of it, to those; none: any.
func (s *Sim) ServeVersions(kind string, versions ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(versions) == 0 {
		delete(s.versions, strings.ToLower(kind))
		return
	}
	s.versions[strings.ToLower(kind)] = slices.Sorted(slices.Values(versions))
}

// versionPattern is what Resource Manager takes for a version.
var versionPattern = regexp.MustCompile(`^20(1[4-9]|[2-9]\d)-\d{2}-\d{2}(-preview|-alpha|-beta)?$`)

// anyVersions are listed where the served ones were not narrowed.
func anyVersions() []string {
	return []string{"2016-09-01", "2022-04-01", "2024-05-01", "2025-04-01", "2025-05-01", "2026-04-01"}
}

func (s *Sim) checkVersion(c *call) *problem {
	version := c.request.URL.Query().Get("api-version")
	if version == "" {
		return fromGateway(
			http.StatusBadRequest, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.",
		)
	}
	served, narrowed := s.versionsOf(c.path.kind)
	if versionPattern.MatchString(version) && (!narrowed || slices.Contains(served, version)) {
		return nil
	}
	return s.refuseVersion(c.path.kind, version, served)
}

// versionsOf are the versions served for a type: its own, else those of the type
// above it, at last those of the provider.
func (s *Sim) versionsOf(kind string) (served []string, narrowed bool) {
	for {
		if served, narrowed = s.versions[kind]; narrowed {
			return served, true
		}
		above := strings.LastIndexByte(kind, '/')
		if above < 0 {
			return anyVersions(), false
		}
		kind = kind[:above]
	}
}

func (s *Sim) refuseVersion(kind, version string, served []string) *problem {
	space, name, _ := strings.Cut(kind, "/")
	switch s.settings.VersionRefusal {
	case InvalidType:
		return fromGateway(http.StatusNotFound, "InvalidResourceType", "The resource type '%s' could not be found in the namespace '%s' for api "+
			"version '%s'. The supported api-versions are '%s'.", name, space, version, strings.Join(served, ","))
	case InvalidVersion:
		newest := slices.Clone(served)
		slices.Reverse(newest)
		return fromGateway(http.StatusBadRequest, "InvalidApiVersionParameter",
			"The api-version '%s' is invalid. The supported versions are '%s'.", version, strings.Join(newest, ","))
	default: // NoRegisteredProvider
		return fromGateway(http.StatusBadRequest, "NoRegisteredProviderFound", "No registered resource provider found for location '%s' and API "+
			"version '%s' for type '%s'. The supported api-versions are '%s'. The supported locations are '%s'.",
			defaultLocation, version, name, strings.Join(served, ", "), fmt.Sprint(defaultLocation, ", northeurope"))
	}
}
