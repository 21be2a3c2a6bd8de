package azure_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"jitbot/jit"
	"jitbot/jit/azure/azuresim"
)

func TestWrongSecret(t *testing.T) {
	signIn(t, "not-the-secret")
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		_, err := w.Table(t.Context(), azuresim.DemoWebNICNSG)
		checkKind(t, err, jit.ErrForbidden)
		if !strings.Contains(err.Error(), "signing in: invalid_client: AADSTS7000215: Invalid client secret") || strings.Contains(err.Error(), "not-the-secret") {
			t.Errorf("message: %v", err)
		}
		if _, err := w.User(t.Context(), azuresim.DemoAda, false); !errors.Is(err, jit.ErrForbidden) {
			t.Errorf("Graph: %v", err)
		}
	})
}

func TestTokenIsRenewed(t *testing.T) {
	signIn(t, azuresim.DefaultClientSecret)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for range 4 {
			w.find(t, allowName)
			time.Sleep(50 * time.Minute)
		}
		if n := w.Counts().Throttled; n != 0 {
			t.Errorf("%d throttled", n)
		}
	})
}
