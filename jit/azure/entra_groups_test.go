package azure_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"jitbot/jit/azure/azuresim"
)

// Groups are read to the last page, without what else somebody belongs to: the
// last one decides here, since a deny spares it.
func TestGroupsOfManyPages(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		last := ""
		for i := range 2500 {
			last = fmt.Sprintf("f0000000-0000-4000-8000-%012d", i)
			w.PutGroup(azuresim.Group{ID: last, Members: []string{azuresim.DemoAda}})
		}
		const role, unit = "f1000000-0000-4000-8000-000000000001", "f1000000-0000-4000-8000-000000000002"
		w.PutGroup(azuresim.Group{ID: role, Kind: "directoryRole", Members: []string{azuresim.DemoAda}})
		w.PutGroup(azuresim.Group{ID: unit, Kind: "administrativeUnit", Members: []string{azuresim.DemoAda}})
		w.Deny(azuresim.DenyAssignment{
			Scope: azuresim.DemoWeb1, Actions: []string{"*"}, Principals: []string{azuresim.Everyone},
			ExcludePrincipals: []string{last, azuresim.DefaultPrincipalID},
		})
		h, err := w.Holdings(t.Context(), azuresim.DemoAda, azuresim.DemoWeb1)
		if err != nil || len(h.Groups) != 2502 || slices.Contains(h.Groups, role) || slices.Contains(h.Groups, unit) {
			t.Fatalf("%d groups, %v", len(h.Groups), err)
		}
		if missing := h.Missing(azuresim.RequesterActions()); missing != nil {
			t.Errorf("the deny spares her group, and she lacks %q", missing)
		}
	})
}

// An answer in which something is missing is an error, not a smaller answer.
func TestPartialAnswersOfGraph(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	const group = `{"@odata.type":"#microsoft.graph.group","id":"` + azuresim.DemoEngineers + `"}`
	for _, tt := range []struct{ name, body string }{
		{"nothing", `{}`},
		{"no list", `{"@odata.context":"x"}`},
		{"a list of null", `{"value":null}`},
		{"no id", `{"value":[` + group + `,{"@odata.type":"#microsoft.graph.group"}]}`},
		{"an id of null", `{"value":[{"@odata.type":"#microsoft.graph.group","id":null}]}`},
		{"no object id", `{"value":[{"@odata.type":"#microsoft.graph.group","id":"engineers"}]}`},
		{"no kind", `{"value":[{"id":"` + azuresim.DemoEngineers + `"}]}`},
		{"an unknown kind", `{"value":[{"@odata.type":"#microsoft.graph.circle","id":"` + azuresim.DemoEngineers + `"}]}`},
		{"an element of null", `{"value":[null]}`},
		{"cut off", `{"value":[` + group},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.Deny(azuresim.DenyAssignment{Scope: azuresim.DemoWeb1, Actions: []string{"a/b"}, Principals: []string{azuresim.DemoBob}})
				w.AddFault(azuresim.Fault{Path: "transitiveMemberOf", Status: 200, Body: tt.body})
				if h, err := w.Holdings(t.Context(), azuresim.DemoAda, azuresim.DemoWeb1); err == nil {
					t.Errorf("%+v", h)
				}
			})
		})
	}
	for _, tt := range []struct{ name, body string }{
		{"no word of the account", `{"id":"` + azuresim.DemoAda + `","userPrincipalName":"` + azuresim.DemoAdaUPN + `"}`},
		{"a word of null", `{"id":"` + azuresim.DemoAda + `","userPrincipalName":"` + azuresim.DemoAdaUPN + `","accountEnabled":null}`},
		{"no name", `{"id":"` + azuresim.DemoAda + `","accountEnabled":true}`},
		{"no id", `{"userPrincipalName":"` + azuresim.DemoAdaUPN + `","accountEnabled":true}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, mail := range map[string]bool{azuresim.DemoAda: false, azuresim.DemoAdaMail: true} {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					fault := azuresim.Fault{Path: "/v1.0/users/", Status: 200, Body: tt.body}
					if mail {
						fault = azuresim.Fault{Path: "/v1.0/users", Match: isFiltered, Status: 200, Body: `{"value":[` + tt.body + `]}`}
					}
					w.AddFault(fault)
					got, err := w.User(t.Context(), name, mail)
					checkKind(t, err, nil)
					if got.ID != "" {
						t.Errorf("mail %t: %+v", mail, got)
					}
				})
			}
		})
	}
}
