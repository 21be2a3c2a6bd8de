package azuresim

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// graph answers Microsoft Graph. Its error bodies are not Resource Manager's.
func (s *Sim) graph(c *call) reply {
	t, refused := s.signedIn(c, s.options.GraphAudience)
	if refused != nil {
		a := s.graphError(c, http.StatusUnauthorized, "InvalidAuthenticationToken", graphTokenText(refused.code))
		a.header = map[string]string{"WWW-Authenticate": refused.header["WWW-Authenticate"]}
		return a
	}
	c.caller = t.app
	parts := c.parts[1:]
	if c.request.Method != http.MethodGet || len(parts) == 0 || !strings.EqualFold(parts[0], "users") {
		return s.graphError(
			c, http.StatusBadRequest, "BadRequest", fmt.Sprintf("Resource not found for the segment '%s'.", strings.Join(parts, "/")),
		)
	}
	switch {
	case len(parts) == 1:
		return s.findUsers(c)
	case len(parts) == 2:
		if u, known := s.user(parts[1]); known {
			body := userBody(u, c.request.URL.Query().Get("$select"))
			body["@odata.context"] = c.base + "/v1.0/$metadata#users/$entity"
			return ok(body)
		}
	case strings.EqualFold(parts[2], "transitiveMemberOf"):
		if u, known := s.user(parts[1]); known {
			return s.memberOf(c, u, strings.Join(parts[3:], "/"))
		}
	default:
		return s.graphError(c, http.StatusBadRequest, "BadRequest", fmt.Sprintf("Resource not found for the segment '%s'.", parts[2]))
	}
	return s.graphError(c, http.StatusNotFound, "Request_ResourceNotFound",
		fmt.Sprintf("Resource '%s' does not exist or one of its queried reference-property objects are not present.", parts[1]))
}

func graphTokenText(code string) string {
	switch code {
	case "AuthenticationFailed":
		return "Access token is empty."
	case "ExpiredAuthenticationToken":
		return "Lifetime validation failed, the token is expired."
	case "InvalidAuthenticationTokenAudience":
		return "Access token validation failure. Invalid audience."
	}
	return "IDX14100: JWT is not well formed, there are no dots (.)."
}

func (s *Sim) graphError(c *call, status int, code, message string) reply {
	id := s.newGUID()
	return reply{status: status, body: object{"error": object{
		"code": code, "message": message,
		"innerError": object{"date": c.now.UTC().Format("2006-01-02T15:04:05"), "request-id": id, "client-request-id": id},
	}}}
}

// user finds by object id or by user principal name.
func (s *Sim) user(id string) (User, bool) {
	if u, known := s.users[key(id)]; known {
		return u, true
	}
	for _, u := range s.users {
		if strings.EqualFold(u.UPN, id) {
			return u, true
		}
	}
	return User{}, false
}

// userBody has the selected properties. Without $select Graph gives a set
// that leaves accountEnabled out.
func userBody(u User, selected string) object {
	if selected == "" {
		selected = "displayName,mail,userPrincipalName,id"
	}
	all := object{
		"id": u.ID, "userPrincipalName": u.UPN, "displayName": u.DisplayName, "accountEnabled": !u.Disabled, "mail": nil, "userType": "Member",
	}
	if u.Mail != "" {
		all["mail"] = u.Mail
	}
	if strings.Contains(u.UPN, "#EXT#") {
		all["userType"] = "Guest"
	}
	body := object{}
	for name := range strings.SplitSeq(selected, ",") {
		for have, value := range all {
			if strings.EqualFold(strings.TrimSpace(name), have) {
				body[have] = value
			}
		}
	}
	return body
}

var userFilter = regexp.MustCompile(`(?i)^\s*(mail|userPrincipalName)\s+eq\s+'((?:[^']|'')*)'\s*$`)

func (s *Sim) findUsers(c *call) reply {
	query := c.request.URL.Query()
	m := userFilter.FindStringSubmatch(query.Get("$filter"))
	if m == nil && query.Get("$filter") != "" {
		return s.graphError(
			c, http.StatusBadRequest, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified for "+
				"property of resource 'User'.",
		)
	}
	var keys []string
	for k, u := range s.users {
		have := u.UPN
		if m != nil && strings.EqualFold(m[1], "mail") {
			have = u.Mail
		}
		if m == nil || strings.EqualFold(have, strings.ReplaceAll(m[2], "''", "'")) {
			keys = append(keys, k)
		}
	}
	return s.graphPage(c, keys, "users", func(k string) object { return userBody(s.users[k], query.Get("$select")) })
}

// groupCast asks for the groups alone. It is an advanced query: Graph answers
// it from an index that follows the directory later, and only to who says with
// ConsistencyLevel that this is well, and counts.
// https://learn.microsoft.com/graph/aad-advanced-queries
const groupCast = "microsoft.graph.group"

// memberOf is what a user belongs to, also through groups: groups, and without
// the cast directory roles and administrative units, which have ids as well.
func (s *Sim) memberOf(c *call, u User, cast string) reply {
	query := c.request.URL.Query()
	advanced := strings.EqualFold(c.request.Header.Get("ConsistencyLevel"), "eventual") && query.Get("$count") == "true"
	switch {
	case cast != "" && !strings.EqualFold(cast, groupCast):
		return s.graphError(c, http.StatusBadRequest, "BadRequest", fmt.Sprintf("Resource not found for the segment '%s'.", cast))
	case cast != "" && !advanced:
		return s.graphError(c, http.StatusBadRequest, "Request_UnsupportedQuery",
			"The specified query is only supported with the header ConsistencyLevel: eventual and $count=true.")
	}
	var keys []string
	for k := range s.memberships(u.ID) {
		if g, known := s.teams[k]; known && (cast == "" || g.Kind == "") {
			keys = append(keys, k)
		}
	}
	return s.graphPage(c, keys, "directoryObjects(id)", func(k string) object {
		g := s.teams[k]
		body := object{"@odata.type": "#microsoft.graph." + cmp.Or(g.Kind, "group"), "id": g.ID}
		if selected := query.Get("$select"); selected == "" || strings.Contains(selected, "displayName") {
			body["displayName"] = g.Name
		}
		return body
	})
}

// graphPage gives $top entries, 100 unless asked, 999 at most.
func (s *Sim) graphPage(c *call, keys []string, context string, body func(string) object) reply {
	slices.Sort(keys)
	query := c.request.URL.Query()
	top := 100
	if text := query.Get("$top"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 999 {
			return s.graphError(
				c, http.StatusBadRequest, "Request_BadRequest", fmt.Sprintf(
					"Invalid page size specified: '%s'. Must be between 1 and 999 inclusive.", text,
				),
			)
		}
		top = n
	}
	if text := query.Get("$skiptoken"); text != "" {
		after, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			return s.graphError(
				c, http.StatusBadRequest, "Directory_ExpiredPageToken", "The specified page token value has expired and can no "+
					"longer be included in your request.",
			)
		}
		keys = slices.DeleteFunc(keys, func(k string) bool { return k <= string(after) })
	}
	more := len(keys) > top
	if more {
		keys = keys[:top]
	}
	values := []object{}
	for _, k := range keys {
		values = append(values, body(k))
	}
	answer := object{"@odata.context": c.base + "/v1.0/$metadata#" + context, "value": values}
	if more {
		query.Set("$skiptoken", base64.RawURLEncoding.EncodeToString([]byte(keys[len(keys)-1])))
		answer["@odata.nextLink"] = c.base + c.request.URL.EscapedPath() + "?" + query.Encode()
	}
	return ok(answer)
}
