package bot

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"jitbot/jit"
)

// fatalCodes are answers that no repetition mends: somebody must change a
// token, a scope or the app.
func fatalCodes() []string {
	return []string{
		"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope",
		"not_allowed_token_type", "no_permission", "team_access_not_granted", "missing_args", "forbidden_team",
		"user_removed_from_team", "team_disabled",
	}
}

// fatal reports whether Slack will never let us in with this token.
func fatal(err error) bool { return slices.Contains(fatalCodes(), ErrorCode(err)) }

// ErrorCode is the code of the error that Slack answered with, such as
// channel_not_found; empty when it named none.
func ErrorCode(err error) string {
	if e, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		return e.Err
	}
	return ""
}

// slackError tells a failure of Slack in the domain's kinds. A missing scope
// or a refused token is no kind of its own: with a better token the same call
// will succeed.
func slackError(doing string, err error) error {
	if limited, ok := errors.AsType[*slack.RateLimitedError](err); ok {
		return fmt.Errorf("%s: %w", doing, &jit.BusyError{Wait: limited.RetryAfter, Cause: err})
	}
	if status, ok := errors.AsType[slack.StatusCodeError](err); ok && (status.Code >= 500 || status.Code == http.StatusTooManyRequests) {
		return fmt.Errorf("%s: %w", doing, &jit.BusyError{Cause: err})
	}
	var kind error
	switch ErrorCode(err) {
	case "user_not_found", "users_not_found", "channel_not_found", "message_not_found", "no_such_subteam",
		"subteam_not_found", "user_disabled", "user_not_visible", "thread_not_found":
		kind = jit.ErrNotFound
	case "is_archived", "not_in_channel", "restricted_action", "restricted_action_read_only_channel",
		"restricted_action_thread_only_channel", "restricted_action_non_threadable_channel", "restricted_action_thread_locked",
		"cannot_dm_bot", "messages_tab_disabled", "ekm_access_denied", "as_user_not_supported":
		kind = jit.ErrForbidden
	case "invalid_blocks", "invalid_blocks_format", "invalid_arguments", "invalid_arg_name", "msg_too_long",
		"msg_blocks_too_long", "no_text", "metadata_too_large", "invalid_metadata_format", "invalid_metadata_schema":
		kind = jit.ErrInvalid
	case "ratelimited", "rate_limited", "message_limit_exceeded", "internal_error", "fatal_error", "service_unavailable", "request_timeout":
		kind = jit.ErrBusy
	case "":
		if err != nil { // no answer of Slack's, or none that can be read
			return fmt.Errorf("%s: %w", doing, &jit.BusyError{Cause: err})
		}
		return nil
	default:
		return fmt.Errorf("%s: %w%s", doing, err, details(err))
	}
	return fmt.Errorf("%s: %w: %w%s", doing, kind, err, details(err))
}

// details are what Slack says beyond the code of its error.
func details(err error) string {
	e, ok := errors.AsType[slack.SlackErrorResponse](err)
	if !ok {
		return ""
	}
	out := ""
	if e.Needed != "" {
		out += fmt.Sprintf(" (needs %s, has %s)", e.Needed, e.Provided)
	}
	if len(e.ResponseMetadata.Messages) > 0 {
		out += fmt.Sprintf(" %q", e.ResponseMetadata.Messages)
	}
	return out
}

// busyFor is how long Slack asked us to wait.
func busyFor(err error) time.Duration {
	if busy, ok := errors.AsType[*jit.BusyError](err); ok {
		return busy.Wait
	}
	return 0
}
