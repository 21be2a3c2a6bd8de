package azure_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure"
	"jitbot/jit/azure/azuresim"
	"jitbot/jit/rules"
)

// kinds are all the kinds an error may have.
var kinds = []error{jit.ErrNotFound, jit.ErrForbidden, jit.ErrLocked, jit.ErrBusy, jit.ErrConflict, jit.ErrInvalid}

func checkKind(t *testing.T, err, want error) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, kind := range kinds {
		if is := errors.Is(err, kind); is != errors.Is(want, kind) {
			t.Errorf("errors.Is(%v, %v) = %t", err, kind, is)
		}
	}
	clean(t, err)
}

func TestErrorsOfAWrite(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	busy := azuresim.Busy()
	busy.Header = map[string]string{"Retry-After": "10"}
	tests := []struct {
		name  string
		fault azuresim.Fault
		want  error
		text  string // part of the message
	}{
		{"unauthorized", azuresim.Fault{Status: 401, Code: "ExpiredAuthenticationToken", Message: "The access token expiry."}, jit.ErrForbidden, "ExpiredAuthenticationToken: The access token"},
		{"forbidden", azuresim.Forbidden(), jit.ErrForbidden, "AuthorizationFailed: The client does not"},
		{"policy", azuresim.Fault{Status: 403, Code: "RequestDisallowedByPolicy", Message: "Resource 'r' was disallowed by policy 'no open ports'."}, jit.ErrDisallowed, "no open ports"},
		{"locked", azuresim.Fault{Status: 409, Code: "ScopeLocked", Message: "The scope is locked."}, jit.ErrLocked, "ScopeLocked: The scope is locked."},
		{"lock 429", azuresim.Busy(), jit.ErrBusy, "RetryableErrorDueToAnotherOperation"},
		{"lock 429 with a wait", busy, jit.ErrBusy, "asked to wait 10s"},
		{"not provisioned", azuresim.Fault{Status: 429, Code: "ReferencedResourceNotProvisioned", Message: "Not yet."}, jit.ErrBusy, "Not yet."},
		{"not provisioned 400", azuresim.Fault{Status: 400, Code: "InvalidRequest", DetailCode: "ReferencedResourceNotProvisioned"}, jit.ErrBusy, ""},
		{"other operation", azuresim.Conflict(), jit.ErrBusy, "AnotherOperationInProgress"},
		{"conflict", azuresim.Fault{Status: 409, Code: "Conflict", Message: "m"}, jit.ErrConflict, "Conflict: m"},
		{"stale", azuresim.Stale(), jit.ErrConflict, "PreconditionFailedEtagMismatch"},
		{"throttled", azuresim.Throttled("17"), jit.ErrBusy, "asked to wait 17s: SubscriptionRequestsThrottled"},
		{"group gone", azuresim.Fault{Status: 404, Code: "ResourceGroupNotFound", Message: "m"}, jit.ErrNotFound, "ResourceGroupNotFound: m"},
		{"rule's group gone", azuresim.Fault{Status: 404, Code: "ParentResourceNotFound", Message: "m"}, jit.ErrNotFound, "ParentResourceNotFound: m"},
		{"group of rules gone", azuresim.Fault{Status: 404, Code: "ResourceNotFound", Message: "m"}, jit.ErrNotFound, "ResourceNotFound: m"},
		{"404 of a proxy", azuresim.Broken(404), nil, "answer 404 Not Found"},
		{"404 of a proxy, with a code", azuresim.Fault{Status: 404, Body: "<Error><Code>NotFound</Code></Error>"}, nil, "NotFound"},
		{"404 of a proxy, with a header", azuresim.Fault{Status: 404, Body: "<html>", Header: map[string]string{"X-Ms-Error-Code": "ResourceNotFound"}}, nil, "ResourceNotFound"},
		{"404 of another server", azuresim.Fault{Status: 404, Body: `{"code":"NotFound","message":"no route"}`}, nil, "NotFound"},
		{"404 without a body", azuresim.Fault{Status: 404, Body: " "}, nil, "answer 404 Not Found"},
		{"404 of a wrong endpoint", azuresim.Fault{Status: 404, Code: "InvalidResourceType", Message: "m"}, jit.ErrBusy, "InvalidResourceType: version 2025-05-01 of"},
		{"404 with a detail", azuresim.Fault{Status: 404, Code: "Other", Message: "m", DetailCode: "ResourceNotFound"}, nil, "Other"},
		{"subscription unseen", azuresim.Fault{Status: 404, Code: "SubscriptionNotFound", Message: "m"}, jit.ErrForbidden, "SubscriptionNotFound"},
		{"priority taken", azuresim.Fault{Status: 400, Code: "SecurityRuleConflict", Message: "m"}, jit.ErrConflict, "SecurityRuleConflict"},
		{"invalid", azuresim.Fault{Status: 400, Code: "SecurityRuleInvalidPriority", Message: "Value provided: 1\nAllowed"}, jit.ErrInvalid, "SecurityRuleInvalidPriority: Value provided: 1 Allowed"},
		{"long", azuresim.Fault{Status: 400, Code: "C", Message: strings.Repeat("long ", 500)}, jit.ErrInvalid, "…"},
		{"query in the text", azuresim.Fault{Status: 409, Code: "C", Message: "use uri: https://a.test/op?api-version=1&c=abc"}, jit.ErrConflict, "https://a.test/op"},
		{"proxy", azuresim.Broken(502), nil, "502 Bad Gateway"},
		{"server", azuresim.Fault{Status: 500, Code: "InternalServerError", Message: "An error occurred."}, nil, "InternalServerError: An error occurred."},
		{"timeout", azuresim.Fault{Status: 408, Code: "RequestTimeout"}, nil, "RequestTimeout"},
		{"connection", azuresim.Fault{LoseRequest: true}, nil, "connection broken"},
		{"operation failed", azuresim.OperationFails(), nil, "InternalServerError"},
		{"superseded", azuresim.Superseded(), jit.ErrConflict, "CanceledAndSupersededDueToAnotherOperation"},
		{"operation canceled", azuresim.Fault{OperationEnd: "Canceled", OperationCode: "Canceled"}, jit.ErrConflict, "Canceled"},
		{"operation locked", azuresim.Fault{OperationEnd: "Failed", OperationCode: "ScopeLocked"}, jit.ErrLocked, "ScopeLocked"},
		{"operation busy", azuresim.Fault{OperationEnd: "Failed", OperationCode: "RetryableError"}, jit.ErrBusy, "RetryableError"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				tt.fault.Method, tt.fault.Path = "PUT", "securityRules"
				w.AddFault(tt.fault)
				err := w.only(t.Context(), put(allowRule()))
				checkKind(t, err, tt.want)
				if !strings.Contains(err.Error(), tt.text) || !strings.HasPrefix(err.Error(), "writing rule "+allowName+" of web-nic-nsg: ") {
					t.Errorf("message: %v", err)
				}
			})
		})
	}
}

func TestRetries(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	tests := []struct {
		name  string
		fault azuresim.Fault
		tries int
	}{
		{"server", azuresim.Broken(503), 3},
		{"connection", azuresim.Fault{LoseRequest: true}, 3},
		{"throttled", azuresim.Throttled("1"), 1},
		{"lock", azuresim.Busy(), 1},
		{"conflict", azuresim.Conflict(), 1},
		{"forbidden", azuresim.Forbidden(), 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				tt.fault.Method = "PUT"
				f := w.AddFault(tt.fault)
				start := time.Now()
				if err := w.only(t.Context(), put(allowRule())); err == nil {
					t.Error("no error")
				}
				if f.Hits() != tt.tries || time.Since(start) > 5*time.Second {
					t.Errorf("%d tries in %s, want %d", f.Hits(), time.Since(start), tt.tries)
				}
			})
		})
	}
}

func TestHiccupsAreOvercome(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	for name, fault := range map[string]azuresim.Fault{
		"lost answer": {LoseAnswer: true, Times: 1}, "lost request": {LoseRequest: true, Times: 2}, "server": {Status: 503, Times: 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.AddFault(fault)
				for _, changes := range [][]rules.Change{put(allowRule()), remove(allowName)} {
					if err := w.only(t.Context(), changes); err != nil {
						t.Fatal(err)
					}
					got, ok := w.find(t, allowName)
					if ok != (changes[0].Put != nil) || ok && !got.Equal(allowRule()) {
						t.Errorf("%t %+v", ok, got)
					}
					w.ClearFaults()
					w.AddFault(fault)
				}
			})
		})
	}
}

// Test404ThatIsNotAzures: a proxy or a wrong endpoint must not make anything
// count as gone: every grant would be called closed while its rules stand.
func Test404ThatIsNotAzures(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	for name, fault := range map[string]azuresim.Fault{
		"HTML": azuresim.Broken(404), "JSON": {Status: 404, Body: `{"error":"not found"}`}, "wrong endpoint": {Status: 404, Code: "InvalidResourceNamespace", Message: "m"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				if err := w.only(t.Context(), put(allowRule())); err != nil {
					t.Fatal(err)
				}
				for _, path := range []string{"/providers/", "/v1.0/"} {
					w.AddFault(fault.On("", path))
				}
				_, err := w.Table(t.Context(), azuresim.DemoWebNICNSG)
				checkKind(t, err, nil)
				checkKind(t, w.only(t.Context(), remove(allowName)), nil)
				_, err = w.VM(t.Context(), azuresim.DemoWeb1)
				checkKind(t, err, nil)
				_, err = w.User(t.Context(), azuresim.DemoAda, false)
				checkKind(t, err, nil)
				w.ClearFaults()
				if _, ok := w.find(t, allowName); !ok {
					t.Error("the rule is gone")
				}
			})
		})
	}
}

func TestRemovalOfWhatIsGone(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	for _, code := range []string{"NotFound", "ResourceNotFound", "ParentResourceNotFound", "ResourceGroupNotFound"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.AddFault(azuresim.Fault{Method: "DELETE", Status: 404, Code: code, Message: "m"})
			if err := w.only(t.Context(), remove(allowName)); err != nil {
				t.Errorf("%s: %v", code, err)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.AddFault(azuresim.Fault{Method: "DELETE", Status: 404, Code: "SubscriptionNotFound", Message: "m"})
		checkKind(t, w.only(t.Context(), remove(allowName)), jit.ErrForbidden)
	})
}

func TestOperationThatIsForgotten(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.AddFault(azuresim.Fault{Path: "/operations/", Status: 404, Code: "NotFound"})
		checkKind(t, w.only(t.Context(), put(allowRule())), jit.ErrConflict)
		checkKind(t, w.only(t.Context(), remove(allowName)), jit.ErrConflict)
		w.ClearFaults()
		w.AddFault(azuresim.Broken(404).On("GET", "/operations/"))
		checkKind(t, w.only(t.Context(), put(allowRule())), nil)
	})
}

func TestRemovalThatIsRefused(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		if err := w.only(t.Context(), put(allowRule())); err != nil {
			t.Fatal(err)
		}
		w.AddLock(azuresim.Lock{Name: "keep", Scope: azuresim.DemoWebGroup, Level: azuresim.CanNotDelete})
		checkKind(t, w.only(t.Context(), remove(allowName)), jit.ErrLocked)
		deny := allowRule()
		deny.Allow = false
		if err := w.only(t.Context(), put(deny)); err != nil {
			t.Errorf("a lock on deletion forbids a write: %v", err)
		}
		w.RemoveLock(azuresim.DemoWebGroup, "keep")
		w.AddLock(azuresim.Lock{Name: "ro", Scope: azuresim.DemoWebNICNSG, Level: azuresim.ReadOnly})
		checkKind(t, w.only(t.Context(), put(allowRule())), jit.ErrLocked)
		w.RemoveLock(azuresim.DemoWebNICNSG, "ro")
		w.Configure(func(s *azuresim.Settings) {
			s.DeniedActions = []string{"Microsoft.Network/networkSecurityGroups/securityRules/delete"}
		})
		checkKind(t, w.only(t.Context(), remove(allowName)), jit.ErrForbidden)
		if _, ok := w.find(t, allowName); !ok {
			t.Error("the rule is gone")
		}
	})
}

func TestDeadlineOfARead(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Configure(func(s *azuresim.Settings) { s.Latency = time.Minute })
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		_, err := w.Table(ctx, azuresim.DemoWebNICNSG)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 3*time.Second {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
	})
}

func TestTransportErrorShowsNoQuery(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		sim := azuresim.New(azuresim.Options{})
		inner := azuresim.Transport{Handler: sim}
		w := newWorld(t, func(c *azure.Config) {
			c.Transport = transport(func(r *http.Request) (*http.Response, error) {
				if strings.Contains(r.URL.Path, "oauth2") || strings.Contains(r.URL.Path, ".well-known") {
					return inner.Do(r)
				}
				return nil, errors.New(`Get "` + r.URL.String() + `": dial tcp: connection refused`)
			})
		})
		_, err := w.Table(t.Context(), azuresim.DemoWebNICNSG)
		checkKind(t, err, nil)
		if !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("message: %v", err)
		}
	})
}
