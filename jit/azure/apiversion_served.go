package azure

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"golang.org/x/sync/errgroup"
)

// ServedVersion is how Azure answers to the version of its API that is spoken with
// one provider.
type ServedVersion struct {
	Key      string   // under azure.api_versions: network, compute or authorization
	Provider string   // such as Microsoft.Network
	Spoken   string   // the version
	Refused  []string // the types for which Azure does not serve it
	Works    string   // where it does not: one that Azure serves for every type; empty when none was found
	Listed   []string // the versions that Azure lists for all that it refused, newest first
	Err      error    // why it is not known; nil when Azure answered
}

// triedVersions bounds how many versions are tried in place of one that is not served.
const triedVersions = 5

// ServedVersions asks for one list of each type that can be listed over a
// subscription, in the first one of the configuration, in the versions that are
// spoken, and where Azure refuses one looks for one that it serves. An answer that
// forbids the list serves the version.
func (c *Client) ServedVersions(ctx context.Context) []ServedVersion {
	providers := c.versions.providers()
	out := make([]ServedVersion, len(providers))
	var g errgroup.Group
	for i, p := range providers {
		g.Go(func() error { out[i] = c.servedVersion(ctx, p); return nil })
	}
	_ = g.Wait() // what went wrong is in the answers
	return out
}

func (c *Client) servedVersion(ctx context.Context, p provider) ServedVersion {
	s := ServedVersion{Key: p.key, Provider: p.name, Spoken: p.spoken}
	refused, err := c.tryVersion(ctx, p, p.spoken)
	s.Err = err
	for i, r := range refused {
		if r == nil {
			continue
		}
		s.Refused = append(s.Refused, p.asked[i])
		if len(s.Refused) == 1 {
			s.Listed = r.served
		}
		s.Listed = slices.DeleteFunc(slices.Clone(s.Listed), func(v string) bool { return !slices.Contains(r.served, v) })
	}
	slices.Reverse(s.Listed)
	if len(s.Refused) == 0 {
		return s
	}
	for _, candidate := range candidates(p, s.Listed) {
		refused, err := c.tryVersion(ctx, p, candidate)
		if err == nil && !slices.ContainsFunc(refused, func(r *versionError) bool { return r != nil }) {
			s.Works = candidate
			return s
		}
	}
	return s
}

// candidates are the versions to try: the newest before the one that is spoken, then
// the oldest after it; none that is a preview or too old.
func candidates(p provider, newestFirst []string) []string {
	var before, after []string
	for _, v := range newestFirst {
		switch {
		case v < p.oldest || strings.Contains(v[len("2006-01-02"):], "-"):
		case v < p.spoken:
			before = append(before, v)
		default:
			after = append([]string{v}, after...)
		}
	}
	all := slices.Concat(before, after)
	return all[:min(len(all), triedVersions)]
}

// tryVersion sends a request a type, and gives the refusal of each.
func (c *Client) tryVersion(ctx context.Context, p provider, version string) ([]*versionError, error) {
	refused, faults := make([]*versionError, len(p.asked)), make([]error, len(p.asked))
	var g errgroup.Group
	for i, kind := range p.asked {
		g.Go(func() error {
			address := c.manager.addressAt("subscriptions/"+c.configured[0]+"/providers/"+kind, version)
			if strings.HasSuffix(kind, "Assignments") {
				address += "&$filter=atScope()"
			}
			var page json.RawMessage
			err := c.manager.get(ctx, address, &page)
			answered := (*azcore.ResponseError)(nil)
			if !errors.As(err, &refused[i]) && !errors.As(err, &answered) {
				faults[i] = err
			}
			return nil
		})
	}
	_ = g.Wait() // what went wrong is kept type by type
	return refused, errors.Join(faults...)
}
