package azuresim_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"testing"

	"jitbot/jit/azure/azuresim"
)

func TestGraphUsers(t *testing.T) {
	w := newWorld(t)
	w.PutUser(azuresim.User{ID: "0b41e000-0000-4000-8000-000000000009", UPN: "o'brien@contoso.example", Mail: "o'brien@contoso.example", DisplayName: "O'Brien", Disabled: true})
	get := func(path string) answer {
		t.Helper()
		return w.raw("GET", "/v1.0/"+path, "", "Authorization", "Bearer "+w.token(azuresim.DefaultGraph))
	}
	one := func(path string) map[string]any {
		t.Helper()
		got := get(path)
		var body map[string]any
		if err := json.Unmarshal([]byte(got.text), &body); err != nil || got.status != 200 {
			t.Fatalf("%s: %d %s", path, got.status, got.text)
		}
		return body
	}
	const selected = "?$select=id,userPrincipalName,mail,accountEnabled,displayName"
	if u := one("users/" + azuresim.DemoAdaUPN + selected); u["id"] != azuresim.DemoAda || u["mail"] != azuresim.DemoAdaMail || u["accountEnabled"] != true {
		t.Errorf("%v", u)
	}
	if u := one("users/" + url.PathEscape(azuresim.DemoFrankUPN)); u["id"] != azuresim.DemoFrank || u["accountEnabled"] != nil {
		t.Errorf("guest, no $select: %v", u)
	}
	if u := one("users/" + azuresim.DemoErin + selected); u["accountEnabled"] != false {
		t.Errorf("%v", u)
	}
	if got := get("users/" + azuresim.DemoAdaMail); got.status != 404 || got.code() != "Request_ResourceNotFound" {
		t.Errorf("a mail is no UPN: %d %s", got.status, got.text)
	}
	for filter, want := range map[string]int{
		"mail eq '" + azuresim.DemoAdaMail + "'": 1, "mail eq 'o''brien@contoso.example'": 1, "mail eq 'nobody@contoso.example'": 0,
	} {
		if got := get("users?$filter=" + url.QueryEscape(filter)); len(got.body.Value) != want {
			t.Errorf("%s: %s", filter, got.text)
		}
	}
	if got := get("users?$filter=" + url.QueryEscape("city eq 'x'")); got.status != 400 || got.code() != "Request_UnsupportedQuery" {
		t.Errorf("%d %s", got.status, got.text)
	}
}

// pages reads a list of what Ada belongs to, to its end.
func (w *world) pages(path string, header ...string) (ids map[string]string, pages int) {
	w.t.Helper()
	ids = map[string]string{}
	path = host + "/v1.0/users/" + azuresim.DemoAda + path
	for ; path != ""; pages++ {
		got := w.raw("GET", path, "", append([]string{"Authorization", "Bearer " + w.token(azuresim.DefaultGraph)}, header...)...)
		var body struct {
			Value []struct {
				ID   string
				Type string `json:"@odata.type"`
			}
			Next string `json:"@odata.nextLink"`
		}
		if err := json.Unmarshal([]byte(got.text), &body); err != nil || got.status != 200 {
			w.t.Fatalf("%d %s", got.status, got.text)
		}
		for _, g := range body.Value {
			ids[g.ID] = g.Type
		}
		path = body.Next
	}
	return ids, pages
}

func TestGraphGroups(t *testing.T) {
	w := newWorld(t)
	const role = "60000000-0000-4000-8000-000000000001"
	w.PutGroup(azuresim.Group{ID: role, Kind: "directoryRole", Members: []string{azuresim.DemoAda}})
	for i := range 150 {
		w.PutGroup(azuresim.Group{ID: fmt.Sprintf("70000000-0000-4000-8000-%012d", i), Members: []string{azuresim.DemoPlatform}})
	}
	seen, pages := w.pages("/transitiveMemberOf?$select=id")
	if len(seen) != 153 || pages != 2 || seen[azuresim.DemoEngineers] != "#microsoft.graph.group" || seen[role] != "#microsoft.graph.directoryRole" {
		t.Errorf("%d in %d pages", len(seen), pages)
	}
	refused := func(path string, header ...string) {
		t.Helper()
		got := w.raw("GET", "/v1.0/users/"+azuresim.DemoAda+path, "", append([]string{"Authorization", "Bearer " + w.token(azuresim.DefaultGraph)}, header...)...)
		if got.status != 400 {
			t.Errorf("%s: %d %s", path, got.status, got.text)
		}
	}
	refused("/transitiveMemberOf?$top=1000")
	refused("/transitiveMemberOf/microsoft.graph.device?$count=true", "ConsistencyLevel", "eventual")
	// The cast is an advanced query.
	const cast = "/transitiveMemberOf/microsoft.graph.group?$select=id&$count=true"
	refused(cast)
	refused("/transitiveMemberOf/microsoft.graph.group?$select=id", "ConsistencyLevel", "eventual")
	if seen, _ := w.pages(cast, "ConsistencyLevel", "eventual"); len(seen) != 152 || seen[role] != "" {
		t.Errorf("%d by the cast", len(seen))
	}
}
