package check

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"jitbot/jit/azure"
	"jitbot/jit/text"
)

// apiVersions tells whether Azure serves the versions of its API that jitbot speaks,
// and what to write where it does not. Nothing is said of what is not known: what
// kept Azure from answering shows elsewhere.
func apiVersions(ctx context.Context, client *azure.Client) []Finding {
	var notes []string
	var faults []error
	for _, s := range client.ServedVersions(ctx) {
		switch {
		case len(s.Refused) > 0:
			faults = append(faults, notServed(s))
		case s.Err == nil:
			notes = append(notes, s.Key+" "+s.Spoken)
		}
	}
	if len(notes) == 0 && len(faults) == 0 {
		return nil
	}
	return verdict("azure versions", "Azure serves "+text.Join(notes), faults...)
}

func notServed(s azure.ServedVersion) error {
	var types []string
	for _, kind := range s.Refused {
		types = append(types, kind[strings.LastIndexByte(kind, '/')+1:])
	}
	why := fmt.Sprintf("Azure does not serve version %s of %s for %s here; ", s.Spoken, s.Provider, text.Join(types))
	switch {
	case s.Works != "":
		why += fmt.Sprintf("write %s: %s under azure.api_versions, which it serves for all that jitbot asks there", s.Key, s.Works)
	case len(s.Listed) > 0:
		why += fmt.Sprintf("it lists %s, and none of the newest is served for all that jitbot asks there; write under azure.api_versions.%s "+
			"the one that the cloud's documents name", strings.Join(s.Listed[:min(len(s.Listed), 5)], ", "), s.Key)
	default:
		why += "it does not list any in its place; check that the endpoint of Resource Manager is that of your cloud, under azure.cloud"
	}
	return errors.New(why)
}
