package config

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
)

// Tokens are the secrets of the Slack app. They come from the environment or
// from files, never from the configuration, and are never shown.
type Tokens struct {
	Bot     string // xoxb-…
	App     string // xapp-…
	Webhook string // signs what the alert webhook is told; empty without one
}

// String keeps the tokens out of texts.
func (t Tokens) String() string { return "tokens" }

// LogValue keeps the tokens out of logs.
func (t Tokens) LogValue() slog.Value { return slog.StringValue(t.String()) }

// ReadTokens takes SLACK_BOT_TOKEN and SLACK_APP_TOKEN from the environment, or
// from the files that the variables with _FILE behind them name. Its error
// tells everything that is wrong.
func ReadTokens(env func(string) string) (Tokens, error) { return readTokens(env, readOnlyMount) }

func readTokens(env func(string) string, readOnly func(file string) bool) (Tokens, error) {
	var t Tokens
	var botErr, appErr error
	t.Bot, botErr = readToken(env, readOnly, "SLACK_BOT_TOKEN", "xoxb-")
	t.App, appErr = readToken(env, readOnly, "SLACK_APP_TOKEN", "xapp-")
	return t, errors.Join(botErr, appErr)
}

const minSecret = 16 // bytes

// ReadWebhookSecret takes JITBOT_WEBHOOK_SECRET, by which what the alert webhook is told
// is signed, as ReadTokens takes the tokens.
func ReadWebhookSecret(env func(string) string) (string, error) {
	const name = "JITBOT_WEBHOOK_SECRET"
	secret, err := readSecret(env, readOnlyMount, name, "what signs the requests to alerts.webhook")
	if err == nil && len(secret) < minSecret {
		return "", fmt.Errorf("%s is short; make it %d letters or more", name, minSecret)
	}
	return secret, err
}

func readToken(env func(string) string, readOnly func(file string) bool, name, prefix string) (string, error) {
	token, err := readSecret(env, readOnly, name, "the token that begins with "+prefix)
	// Two more letters would help nobody but whoever reads over a shoulder.
	if err == nil && (!strings.HasPrefix(token, prefix) || strings.ContainsAny(token, " \t\r\n")) {
		if env(name) == "" {
			name += "_FILE"
		}
		return "", fmt.Errorf("%s is not the token that begins with %s; take it from the app's page at Slack", name, prefix)
	}
	return token, err
}

// readSecret is the value of the variable, or of the file that the one with _FILE behind
// it names.
func readSecret(env func(string) string, readOnly func(file string) bool, name, what string) (string, error) {
	secret, file := env(name), env(name+"_FILE")
	switch {
	case secret != "" && file != "":
		return "", fmt.Errorf("%s and %s_FILE are both set; keep one of them", name, name)
	case secret == "" && file == "":
		return "", fmt.Errorf("%s is not set; set it to %s, or %s_FILE to a file with it", name, what, name)
	case file != "":
		var err error
		if secret, err = tokenFile(name+"_FILE", file, readOnly); err != nil {
			return "", err
		}
	}
	return strings.TrimSpace(secret), nil
}

const maxToken = 4096 // bytes

// tokenFile reads a file of which nobody but its owner and group may know. A mount
// that nobody can write to is a container's, in which there is nobody else.
func tokenFile(name, file string, readOnly func(file string) bool) (string, error) {
	if fault := path(file); fault != "" {
		return "", fmt.Errorf("%s %s", name, fault)
	}
	info, err := os.Stat(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w; name the file that holds the token", name, err)
	}
	mode := info.Mode().Perm()
	switch {
	case !info.Mode().IsRegular() || info.Size() > maxToken:
		return "", fmt.Errorf("%s: %s is no file with a token; name the one that holds it", name, file)
	case mode&0o022 != 0:
		return "", fmt.Errorf("%s: others may write %s (mode %04o); run chmod 600 on it", name, file, mode)
	case mode&0o007 != 0 && !readOnly(file):
		return "", fmt.Errorf("%s: everybody on this machine may use %s (mode %04o); run chmod 600 on it,"+
			" or in a container mount it with defaultMode: 0440", name, file, mode)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w; let the user that runs jitbot read it", name, err)
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return "", fmt.Errorf("%s: %s is written in UTF-16; write it in UTF-8", name, file)
	}
	return strings.TrimPrefix(string(data), "\ufeff"), nil
}
