package azuresim

import (
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// page answers a list of the resources below the path's subscription and
// group, in the order of their ids, a part at a time.
func page[V any](s *Sim, c *call, all map[string]V, body func(V) object) reply {
	within := "/subscriptions/" + key(c.path.subscription) + "/"
	if c.path.group != "" {
		within = c.path.groupKey() + "/"
	}
	return s.pageOf(c, slices.Sorted(func(yield func(string) bool) {
		for k := range maps.Keys(all) {
			if strings.HasPrefix(k, within) && s.visible(c, k) && !yield(k) {
				return
			}
		}
	}), func(k string) object {
		if lag := s.lagInList(k); lag != nil {
			return lag.inList(s)
		}
		return body(all[k])
	})
}

// pageOf answers the part of a sorted list of keys that the request asks for.
// The skip token is the last key given, so that a change between two pages
// neither repeats nor skips the others. An element without a body is left out.
func (s *Sim) pageOf(c *call, keys []string, body func(string) object) reply {
	query := c.request.URL.Query()
	if text := query.Get("$skiptoken"); text != "" {
		after, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			return fromGateway(http.StatusBadRequest, "InvalidSkipToken", "The skip token '%s' is invalid.", text).reply()
		}
		at, found := slices.BinarySearch(keys, string(after))
		if found {
			at++
		}
		keys = keys[at:]
	}
	values, more := []object{}, len(keys) > max(s.settings.PageSize, 1)
	if more {
		keys = keys[:max(s.settings.PageSize, 1)]
	}
	for _, k := range keys {
		if b := body(k); b != nil {
			values = append(values, b)
		}
	}
	answer := object{"value": values}
	if more {
		query.Set("$skiptoken", base64.RawURLEncoding.EncodeToString([]byte(keys[len(keys)-1])))
		answer["nextLink"] = c.base + c.request.URL.EscapedPath() + "?" + query.Encode()
	}
	return ok(answer)
}
