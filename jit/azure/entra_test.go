package azure_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/azure/azuresim"
)

func TestUser(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	const twin = "7a110000-0000-4000-8000-000000000001"
	tests := []struct {
		name, ask string
		mail      bool
		want      string // object id
		err       error
	}{
		{"object id", azuresim.DemoAda, false, azuresim.DemoAda, nil},
		{"object id in capitals", strings.ToUpper(azuresim.DemoAda), false, azuresim.DemoAda, nil},
		{"principal name", azuresim.DemoAdaUPN, false, azuresim.DemoAda, nil},
		{"guest", azuresim.DemoFrankUPN, false, azuresim.DemoFrank, nil},
		{"mail is no principal name", azuresim.DemoAdaMail, false, "", jit.ErrNotFound},
		{"mail", azuresim.DemoAdaMail, true, azuresim.DemoAda, nil},
		{"mail that is the principal name", azuresim.DemoGraceMail, true, azuresim.DemoGrace, nil},
		{"guest's mail", azuresim.DemoFrankMail, true, azuresim.DemoFrank, nil},
		{"mail with a quote", "o'hara@contoso.example", true, twin, nil},
		{"nobody", "nobody@contoso.example", true, "", jit.ErrNotFound},
		{"unknown id", "00000000-0000-4000-8000-00000000ffff", true, "", jit.ErrNotFound},
		{"two have the mail", "shared@contoso.example", true, "", admission.ErrAmbiguous},
		{"one of two is enabled", "moved@contoso.example", true, azuresim.DemoBob, nil},
		{"one's name is the other's mail", azuresim.DemoAlanMail, true, "", admission.ErrAmbiguous},
		{"name alone is clear", azuresim.DemoAlanMail, false, azuresim.DemoAlan, nil},
		{"injection", "x' or mail ne '@", true, "", jit.ErrNotFound},
		{"word", "ada", true, "", jit.ErrNotFound},
		{"nothing", "", true, "", jit.ErrNotFound},
		{"path", "../groups/@", false, "", jit.ErrNotFound},
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for _, u := range []azuresim.User{
			{ID: twin, UPN: "ohara@contoso.example", Mail: "o'hara@contoso.example"},
			{ID: "7a110000-0000-4000-8000-000000000002", UPN: "s1@contoso.example", Mail: "shared@contoso.example"},
			{ID: "7a110000-0000-4000-8000-000000000003", UPN: "s2@contoso.example", Mail: "shared@contoso.example"},
			{ID: "7a110000-0000-4000-8000-000000000004", UPN: "m1@contoso.example", Mail: "moved@contoso.example", Disabled: true},
			{ID: azuresim.DemoBob, UPN: azuresim.DemoBobMail, Mail: "moved@contoso.example"},
			{ID: "7a110000-0000-4000-8000-000000000005", UPN: "thief@contoso.example", Mail: azuresim.DemoAlanMail},
		} {
			w.PutUser(u)
		}
		for _, tt := range tests {
			got, err := w.User(t.Context(), tt.ask, tt.mail)
			if tt.err != nil {
				if !errors.Is(err, tt.err) {
					t.Errorf("%s: %v, want %v", tt.name, err, tt.err)
				}
				continue
			}
			if err != nil || got.ID != tt.want || !got.Enabled || got.Name == "" {
				t.Errorf("%s: %+v, %v", tt.name, got, err)
			}
		}
	})
}

func TestUserThatIsDisabled(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for _, mail := range []bool{false, true} {
			got, err := w.User(t.Context(), azuresim.DemoErinMail, mail)
			if err != nil || got.ID != azuresim.DemoErin || got.Enabled {
				t.Errorf("mail %t: %+v, %v", mail, got, err)
			}
		}
	})
}

func TestGraphFaults(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	for _, tt := range []struct {
		name  string
		fault azuresim.Fault
		want  error
	}{
		{"forbidden", azuresim.Fault{Status: 403, Code: "Authorization_RequestDenied", Message: "Insufficient privileges to complete the operation."}, jit.ErrForbidden},
		{"throttled", azuresim.Fault{Status: 429, Code: "TooManyRequests", Header: map[string]string{"Retry-After": "9"}}, jit.ErrBusy},
		{"server", azuresim.Broken(503), nil},
		{"no JSON", azuresim.Fault{Status: 200, Body: "<html>"}, nil},
		{"another user", azuresim.Fault{Status: 200, Body: `{"id":"` + azuresim.DemoBob + `"}`}, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			tt.fault.Path = "/v1.0/users"
			w.AddFault(tt.fault)
			_, err := w.User(t.Context(), azuresim.DemoAda, false)
			checkKind(t, err, tt.want)
		})
	}
}

// TestNextPageElsewhere: the token must not go where a page says.
func TestNextPageElsewhere(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.AddFault(azuresim.Fault{Path: "/v1.0/users", Match: isFiltered, Status: 200, Body: `{"value":[],"@odata.nextLink":"https://evil.test/v1.0/users"}`})
		if _, err := w.User(t.Context(), azuresim.DemoAdaMail, true); err == nil || !strings.Contains(err.Error(), "another host") {
			t.Errorf("err = %v", err)
		}
	})
	for _, next := range []string{"https://evil.test/subscriptions", "http://management.azure.test/subscriptions", "https://management.azure.test:8443/x"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.AddFault(azuresim.Fault{Path: "/networkSecurityGroups", Status: 200, Body: `{"value":[],"nextLink":"` + next + `"}`})
			if _, err := w.Tables(t.Context(), azuresim.DemoSubscription); err == nil || !strings.Contains(err.Error(), "another host") {
				t.Errorf("%s: err = %v", next, err)
			}
		})
	}
}
