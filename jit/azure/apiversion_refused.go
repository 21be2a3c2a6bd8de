package azure

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"jitbot/jit"
	"jitbot/jit/admission"
)

// versionError is an admission.ErrVersion: Azure does not serve the version of its
// API that was asked for. It is an ErrBusy while that may pass, then an ErrInvalid.
type versionError struct {
	kind, version string
	served        []string // that Azure lists, oldest first; none when it lists none
	lasting       bool
	code          string
}

const namedVersions = 3 // of those served, how many a message names

// Error is one line.
func (e *versionError) Error() string {
	text := fmt.Sprintf("%s: version %s of %s is not served", e.code, e.version, e.kind)
	if n := len(e.served); n > 0 {
		named := slices.Clone(e.served[max(n-namedVersions, 0):])
		slices.Reverse(named)
		text += ", but " + strings.Join(named, ", ")
		if n > namedVersions {
			text += " and older"
		}
	}
	return text
}

// Unwrap gives the kinds.
func (e *versionError) Unwrap() []error {
	if e.lasting {
		return []error{admission.ErrVersion, jit.ErrInvalid}
	}
	return []error{admission.ErrVersion, jit.ErrBusy}
}

const (
	lastingAfter    = 30 * time.Second // a version refused for so long, by several answers, is not served
	lastingRefusals = 3
	refusalLife     = 2 * time.Minute // refusals farther apart than this are apart
)

// refusedVersions are versions of the API that Azure refuses, by subscription and
// type. It has been seen refusing one now and then that it serves.
// https://github.com/Azure/azure-cli/issues/28496
type refusedVersions struct {
	mu  sync.Mutex
	all map[string]refusedVersion
}

type refusedVersion struct {
	first, last time.Time
	count       int
}

func newRefusedVersions() *refusedVersions { return &refusedVersions{all: map[string]refusedVersion{}} }

// observe is a *versionError when the answer refuses the version of the API.
func (r *refusedVersions) observe(resp *http.Response) error {
	req := resp.Request
	if req == nil {
		return nil
	}
	kind, version := resourceType(req.URL.Path), req.URL.Query().Get("api-version")
	if kind == "" || version == "" {
		return nil
	}
	key := bucketOf(req).owner + " " + kind + " " + version
	refusal, refused := readRefusal(resp)
	if !refused {
		if resp.StatusCode < http.StatusInternalServerError && resp.StatusCode != http.StatusTooManyRequests {
			r.forget(key)
		}
		return nil
	}
	return &versionError{
		kind: kind, version: version, served: servedVersions(refusal.Message), lasting: r.note(key, time.Now()), code: refusal.Code,
	}
}

// readRefusal is the answer that refuses a version.
func readRefusal(resp *http.Response) (answer, bool) {
	if resp.StatusCode != http.StatusBadRequest && resp.StatusCode != http.StatusNotFound {
		return answer{}, false
	}
	a := readAnswer(resp)
	switch a.Code {
	case "NoRegisteredProviderFound", "InvalidApiVersionParameter", "InvalidResourceType":
		return a, true
	default:
		return answer{}, false
	}
}

// note counts a refusal, and reports whether it is one of many.
func (r *refusedVersions) note(key string, now time.Time) (lasting bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.all[key]
	if now.Sub(seen.last) > refusalLife {
		seen = refusedVersion{first: now}
	}
	seen.last = now
	seen.count++
	r.all[key] = seen
	return seen.count >= lastingRefusals && now.Sub(seen.first) >= lastingAfter
}

func (r *refusedVersions) forget(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, key)
}

var (
	versionList = regexp.MustCompile(`(?i)supported (?:api-)?versions are '([^']*)'`)
	versionWord = regexp.MustCompile(`\b20\d{2}-\d{2}-\d{2}(?:-[a-z]+)?\b`)
)

// servedVersions are those that a refusal lists, oldest first.
func servedVersions(message string) []string {
	list := versionList.FindStringSubmatch(message)
	if list == nil {
		return nil
	}
	found := versionWord.FindAllString(strings.ToLower(list[1]), -1)
	slices.Sort(found)
	return slices.Compact(found)
}
