package slacksim

import (
	"slices"
	"strings"
)

// authorize checks the token's kind, state and scopes. Called with the lock held.
func (s *Sim) authorize(c *call, m method) *apiError {
	if m.form && c.json {
		c.args = object{}
	}
	want, other, state := s.opt.BotToken, s.opt.AppToken, s.faults.botToken
	if m.app {
		want, other, state = other, want, s.faults.appToken
	}
	switch {
	case c.token == "" || (m.app && !c.header):
		return &apiError{code: "not_authed"}
	case c.token == other:
		return &apiError{code: "not_allowed_token_type"}
	case c.token != want:
		return &apiError{code: "invalid_auth"}
	case state != "":
		return &apiError{code: state}
	case c.broken != "":
		return &apiError{code: c.broken}
	}
	for _, scope := range m.scopes {
		if err := s.need(scope, m); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sim) scopesOf(m method) []string {
	if m.app {
		return s.opt.AppScopes
	}
	return s.opt.BotScopes
}

// need is missing_scope unless the token has the scope.
func (s *Sim) need(scope string, m method) *apiError {
	have := s.scopesOf(m)
	if slices.Contains(have, scope) {
		return nil
	}
	return &apiError{code: "missing_scope", extra: object{"needed": scope, "provided": strings.Join(have, ",")}}
}
