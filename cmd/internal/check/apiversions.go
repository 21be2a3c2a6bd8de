package check

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"jitbot/jit"
	"jitbot/jit/azure"
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
	return verdict("azure versions", "Azure serves "+jit.JoinWords(notes), faults...)
}

func notServed(s azure.ServedVersion) error {
	var types []string
	for _, kind := range s.Refused {
		types = append(types, kind[strings.LastIndexByte(kind, '/')+1:])
	}
	text := fmt.Sprintf("Azure does not serve version %s of %s for %s here; ", s.Spoken, s.Provider, jit.JoinWords(types))
	switch {
	case s.Works != "":
		text += fmt.Sprintf("write %s: %s under azure.api_versions, which it serves for all that jitbot asks there", s.Key, s.Works)
	case len(s.Listed) > 0:
		text += fmt.Sprintf("it lists %s, and none of the newest is served for all that jitbot asks there; write under azure.api_versions.%s "+
			"the one that the cloud's documents name", strings.Join(s.Listed[:min(len(s.Listed), 5)], ", "), s.Key)
	default:
		text += "it does not list any in its place; check that the endpoint of Resource Manager is that of your cloud, under azure.cloud"
	}
	return errors.New(text)
}
