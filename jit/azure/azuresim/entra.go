package azuresim

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// token is an access token that was issued.
type token struct {
	app      App
	audience string
	expires  time.Time
}

// entra answers the paths of the sign-in service; false: not its path.
func (s *Sim) entra(c *call) (reply, bool) {
	if len(c.parts) < 2 {
		return reply{}, false
	}
	tenant, rest := c.parts[0], strings.ToLower(strings.Join(c.parts[1:], "/"))
	switch rest {
	case "v2.0/.well-known/openid-configuration", ".well-known/openid-configuration":
		if !s.knowsTenant(tenant) {
			return s.signInError(
				c, http.StatusBadRequest, "invalid_tenant", 90002, "Tenant '%s' not found. Check to make sure you have the correct "+
					"tenant ID and are signing into the correct cloud.", tenant,
			), true
		}
		return s.discovery(c, tenant), true
	case "oauth2/v2.0/token", "oauth2/token":
		if !s.knowsTenant(tenant) {
			return s.signInError(
				c, http.StatusBadRequest, "invalid_request", 90002, "Tenant '%s' not found. Check to make sure you have the correct "+
					"tenant ID and are signing into the correct cloud.", tenant,
			), true
		}
		return s.issue(c), true
	case "discovery/instance", "v2.0/discovery/instance":
		return ok(object{
			"tenant_discovery_endpoint": c.base + "/" + s.options.TenantID + "/v2.0/.well-known/openid-configuration",
			"api-version":               "1.1", "metadata": []any{},
		}), tenant == "common"
	}
	return reply{}, false
}

func (s *Sim) knowsTenant(tenant string) bool {
	return strings.EqualFold(tenant, s.options.TenantID) || strings.Contains(tenant, ".")
}

func (s *Sim) discovery(c *call, tenant string) reply {
	// MSAL refuses an issuer on another host than the authority's, so this
	// one follows the host that was asked, whatever the base.
	at := "https://" + c.request.Host + "/" + tenant
	return ok(object{
		"token_endpoint":                        at + "/oauth2/v2.0/token",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"authorization_endpoint":                at + "/oauth2/v2.0/authorize",
		"device_authorization_endpoint":         at + "/oauth2/v2.0/devicecode",
		"jwks_uri":                              at + "/discovery/v2.0/keys",
		"issuer":                                "https://" + c.request.Host + "/" + s.options.TenantID + "/v2.0",
		"response_types_supported":              []string{"code", "id_token"},
		"subject_types_supported":               []string{"pairwise"},
		"tenant_region_scope":                   "EU",
	})
}

// issue is the client credentials grant.
func (s *Sim) issue(c *call) reply {
	form, err := url.ParseQuery(string(c.body))
	if err != nil || c.request.Method != http.MethodPost {
		return s.signInError(
			c, http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'grant_type'.",
		)
	}
	if grant := form.Get("grant_type"); grant != "client_credentials" {
		return s.signInError(
			c, http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '%s'.", grant,
		)
	}
	app, known := s.apps[strings.ToLower(form.Get("client_id"))]
	if !known {
		return s.signInError(
			c, http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier '%s' was not found in the "+
				"directory '%s'. This can happen if the application has not been installed by the administrator of the tenant or "+
				"consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.",
			form.Get("client_id"), s.options.TenantID,
		)
	}
	if subtle.ConstantTimeCompare([]byte(form.Get("client_secret")), []byte(app.Secret)) != 1 {
		return s.signInError(
			c, http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent "+
				"in the request is the client secret value, not the client secret ID, for a secret added to app '%s'.", app.ClientID,
		)
	}
	audience, scoped := "", false
	for scope := range strings.FieldsSeq(form.Get("scope")) {
		if cut, ok := strings.CutSuffix(scope, "/.default"); ok {
			audience, scoped = strings.TrimRight(cut, "/"), true
		}
	}
	if !scoped {
		return s.signInError(
			c, http.StatusBadRequest, "invalid_scope", 1002012, "The provided value for scope %s is not valid. Client credential "+
				"flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).", form.Get("scope"),
		)
	}
	if !sameAudience(audience, s.options.Audience) && !sameAudience(audience, s.options.GraphAudience) {
		return s.signInError(
			c, http.StatusBadRequest, "invalid_resource", 500011, "The resource principal named %s was not found in the tenant "+
				"named %s. This can happen if the application has not been installed by the administrator of the tenant or "+
				"consented to by any user in the tenant.", audience, s.options.TenantID,
		)
	}
	text := tokenText(app.PrincipalID, audience)
	for old, t := range s.tokens {
		if c.now.Sub(t.expires) > time.Hour {
			delete(s.tokens, old)
		}
	}
	s.tokens[text] = token{app: app, audience: audience, expires: c.now.Add(s.options.TokenLifetime)}
	seconds := int(s.options.TokenLifetime / time.Second)
	return ok(object{"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": text})
}

// tokenText is a token in the form of Entra's: three parts with dots between, of which
// the second says who it is for. What signs it is made up.
func tokenText(principal, audience string) string {
	part := func(body object) string { return base64.RawURLEncoding.EncodeToString(encode(body)) }
	return part(object{"typ": "JWT", "alg": "RS256"}) + "." + part(object{"aud": audience, "oid": principal, "sub": principal}) +
		"." + rand.Text() + rand.Text()
}

// ExpireTokens makes every token issued so far too old, as a revocation does.
func (s *Sim) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for text, t := range s.tokens {
		t.expires = time.Now().Add(-time.Second)
		s.tokens[text] = t
	}
}

func (s *Sim) signInError(c *call, status int, code string, number int, format string, args ...any) reply {
	trace := s.newGUID()
	correlation := s.newGUID()
	stamp := c.now.UTC().Format("2006-01-02 15:04:05Z")
	return reply{status: status, body: object{
		"error": code,
		"error_description": fmt.Sprintf("AADSTS%d: ", number) + fmt.Sprintf(format, args...) + " Trace ID: " + trace +
			" Correlation ID: " + correlation + " Timestamp: " + stamp,
		"error_codes":    []int{number},
		"timestamp":      stamp,
		"trace_id":       trace,
		"correlation_id": correlation,
		"error_uri":      fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", number),
	}}
}

func sameAudience(a, b string) bool {
	return strings.EqualFold(strings.TrimRight(a, "/"), strings.TrimRight(b, "/"))
}

// signedIn is what the Authorization header of a request says.
func (s *Sim) signedIn(c *call, audience string) (token, *problem) {
	header := c.request.Header.Get("Authorization")
	text, bearer := strings.CutPrefix(header, "Bearer ")
	if header == "" || !bearer || text == "" {
		return token{}, s.unauthorized(
			"AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.", "The authentication failed "+
				"because of missing 'Authorization' header.",
		)
	}
	t, known := s.tokens[text]
	switch {
	case !known:
		return t, s.unauthorized("InvalidAuthenticationToken", "The access token is invalid.", "Could not parse access token.")
	case !sameAudience(t.audience, audience):
		return t, s.unauthorized(
			"InvalidAuthenticationTokenAudience", fmt.Sprintf(
				"The access token has been obtained for wrong audience or resource '%s'. It should exactly match with one of the "+
					"allowed audiences '%s'.", t.audience, audience,
			), "The access token has been obtained from wrong audience or resource.",
		)
	case !c.now.Before(t.expires):
		return t, s.unauthorized(
			"ExpiredAuthenticationToken", fmt.Sprintf(
				"The access token expiry UTC time '%s' is earlier than current UTC time '%s'.",
				t.expires.UTC().Format("1/2/2006 3:04:05 PM"), c.now.UTC().Format("1/2/2006 3:04:05 PM"),
			), "The access token is expired.",
		)
	}
	return t, nil
}

func (s *Sim) unauthorized(code, message, description string) *problem {
	p := fromGateway(http.StatusUnauthorized, code, "%s", message)
	p.header["WWW-Authenticate"] = fmt.Sprintf(
		`Bearer authorization_uri="https://login.windows.net/%s", error="invalid_token", error_description="%s"`, s.options.TenantID, description,
	)
	return p
}
