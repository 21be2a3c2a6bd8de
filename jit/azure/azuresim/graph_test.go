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

func TestGraphGroups(t *testing.T) {
	w := newWorld(t)
	for i := range 150 {
		w.PutGroup(azuresim.Group{ID: fmt.Sprintf("70000000-0000-4000-8000-%012d", i), Members: []string{azuresim.DemoPlatform}})
	}
	path, seen, pages := host+"/v1.0/users/"+azuresim.DemoAda+"/transitiveMemberOf/microsoft.graph.group?$select=id", map[string]bool{}, 0
	for path != "" {
		got := w.raw("GET", path, "", "Authorization", "Bearer "+w.token(azuresim.DefaultGraph))
		var body struct {
			Value []struct{ ID string }
			Next  string `json:"@odata.nextLink"`
		}
		if err := json.Unmarshal([]byte(got.text), &body); err != nil || got.status != 200 {
			t.Fatalf("%d %s", got.status, got.text)
		}
		for _, g := range body.Value {
			seen[g.ID] = true
		}
		path = body.Next
		pages++
	}
	if len(seen) != 152 || pages != 2 || !seen[azuresim.DemoEngineers] {
		t.Errorf("%d groups in %d pages", len(seen), pages)
	}
	if got := w.raw("GET", "/v1.0/users/"+azuresim.DemoAda+"/transitiveMemberOf/microsoft.graph.group?$top=1000", "", "Authorization", "Bearer "+w.token(azuresim.DefaultGraph)); got.status != 400 {
		t.Errorf("too large a page: %d", got.status)
	}
}
