package azuresim

import (
	"net/http"
	"net/url"
	"strings"
)

// key is the form in which ids are compared: Azure sends and takes them in
// any case.
func key(id string) string { return strings.ToLower(strings.TrimRight(id, "/")) }

// armPath is a Resource Manager address taken apart.
type armPath struct {
	// id is the path as asked, without empty segments.
	id string
	// subscription and group are empty above their level.
	subscription, group string
	// kind is namespace/type/type in lower case; names are the names that
	// belong to the types.
	kind  string
	names []string
	// list says that the path ends with a type.
	list bool
	// scope is what an extension resource such as a role assignment hangs on.
	scope string
}

// segments splits an escaped path, so that a name may hold an escaped slash
// or hash, and drops the empty parts that scopes with a leading slash make.
func segments(r *http.Request) []string {
	var parts []string
	for part := range strings.SplitSeq(r.URL.EscapedPath(), "/") {
		if plain, err := url.PathUnescape(part); err == nil {
			part = plain
		}
		// An escaped scope is one segment with slashes in it.
		if strings.HasPrefix(part, "/subscriptions/") || strings.HasPrefix(part, "subscriptions/") {
			parts = append(parts, strings.FieldsFunc(part, func(c rune) bool { return c == '/' })...)
			continue
		}
		if part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// parseARM takes a path apart. It never fails: what it cannot place has an
// unknown kind.
func parseARM(parts []string) armPath {
	p := armPath{id: "/" + strings.Join(parts, "/")}
	rest := parts
	if len(rest) >= 1 && strings.EqualFold(rest[0], "subscriptions") {
		if len(rest) == 1 {
			p.kind, p.list = "subscriptions", true
			return p
		}
		p.subscription, p.kind, rest = rest[1], "subscriptions", rest[2:]
		if len(rest) >= 1 && strings.EqualFold(rest[0], "resourceGroups") {
			p.kind = "resourcegroups"
			if len(rest) == 1 {
				p.list = true
				return p
			}
			p.group, rest = rest[1], rest[2:]
		}
	}
	at := lastProvider(rest)
	if at < 0 {
		if len(rest) > 0 {
			p.kind = "unknown"
		}
		return p
	}
	p.scope = "/" + strings.Join(parts[:len(parts)-len(rest)+at], "/")
	p.provide(rest[at+1], rest[at+2:])
	return p
}

// provide places what follows a provider: kinds and names in turn.
func (p *armPath) provide(namespace string, rest []string) {
	p.kind = strings.ToLower(namespace)
	for i, part := range rest {
		p.list = i%2 == 0
		if p.list {
			p.kind += "/" + strings.ToLower(part)
		} else {
			p.names = append(p.names, part)
		}
	}
}

// lastProvider is where the last "providers/<namespace>" begins, or -1.
func lastProvider(parts []string) int {
	for i := len(parts) - 2; i >= 0; i-- {
		if strings.EqualFold(parts[i], "providers") {
			return i
		}
	}
	return -1
}

// name is the last name in the path.
func (p armPath) name() string {
	if len(p.names) == 0 {
		return ""
	}
	return p.names[len(p.names)-1]
}

// parent is the id of the resource above a child resource.
func (p armPath) parent() string {
	parts := strings.Split(p.id, "/")
	return strings.Join(parts[:len(parts)-2], "/")
}

// groupKey is the key of the resource group in the path.
func (p armPath) groupKey() string {
	return key("/subscriptions/" + p.subscription + "/resourceGroups/" + p.group)
}

// part gives the segment after the one of that name in an id, such as the
// group's name after "resourceGroups".
func part(id, after string) string {
	parts := strings.Split(id, "/")
	for i, p := range parts[:len(parts)-1] {
		if strings.EqualFold(p, after) {
			return parts[i+1]
		}
	}
	return ""
}

// nameOf is the last segment of an id.
func nameOf(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }
