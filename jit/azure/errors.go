package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/text"
)

// fault is an error of the SDK in one short line. The SDK's own texts span
// lines, repeat bodies and headers, and show addresses with signed queries;
// they are kept as the cause only.
type fault struct {
	text  string
	cause error
}

// Error is one line.
func (f *fault) Error() string { return f.text }

// Unwrap gives the SDK's error.
func (f *fault) Unwrap() error { return f.cause }

// maxFault is the most characters of a fault's text.
const maxFault = 400

var query = regexp.MustCompile(`(https?://[^\s"'?<>]+)\?[^\s"'<>]*`)

// oneLine cleans a text for a message: no queries, no line breaks, not long.
func oneLine(s string) string {
	s = text.Clean(query.ReplaceAllString(s, "$1"))
	if r := []rune(s); len(r) > maxFault {
		s = string(r[:maxFault]) + "…"
	}
	return s
}

// answer is what an error's body says. Resource Manager and Graph share its
// form.
type answer struct {
	Code    string   `json:"code"`
	Message string   `json:"message"`
	Details []detail `json:"details"`
	foreign bool     // the code is not of such a body: anybody may have sent it
}

type detail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// readAnswer reads the error in a body that was downloaded; it is empty when
// the body is none of Azure's.
func readAnswer(resp *http.Response) answer {
	if resp == nil {
		return answer{}
	}
	body, err := runtime.Payload(resp)
	if err != nil {
		return answer{}
	}
	var wrapped struct {
		Error answer `json:"error"`
	}
	if json.Unmarshal(body, &wrapped) != nil {
		return answer{}
	}
	return wrapped.Error
}

// has reports whether the error or a detail of it has one of the codes.
func (a answer) has(codes ...string) bool {
	return slices.Contains(codes, a.Code) ||
		slices.ContainsFunc(a.Details, func(d detail) bool { return slices.Contains(codes, d.Code) })
}

// saysNotFound reports whether Resource Manager or Graph says, as the error itself,
// that what was asked for is not there. A proxy or a wrong endpoint answers 404
// too, which tells nothing: believed, it would make every open port count as
// closed.
func (a answer) saysNotFound() bool {
	if a.foreign {
		return false
	}
	switch a.Code {
	case "NotFound", "ResourceNotFound", "ResourceGroupNotFound", "ParentResourceNotFound",
		"RoleDefinitionDoesNotExist", "Request_ResourceNotFound":
		return true
	default:
		return false
	}
}

func (a answer) String() string {
	var text strings.Builder
	text.WriteString(a.Code)
	said := []string{a.Message}
	for _, d := range a.Details {
		if d.Code != a.Code && d.Code != "" {
			text.WriteString("/" + d.Code)
		}
		if d.Message != a.Message {
			said = append(said, d.Message)
		}
	}
	return oneLine(text.String() + ": " + strings.Join(said, " "))
}

// isConcurrentOperation tells a 429 that means another operation from one that means too
// many requests.
func isConcurrentOperation(a answer) bool {
	return !isNetworkThrottling(a) &&
		a.has("RetryableError", "RetryableErrorDueToAnotherOperation", "ReferencedResourceNotProvisioned", "AnotherOperationInProgress")
}

// isNetworkThrottling reports whether Microsoft.Network itself was asked too much; the
// code of such an answer is that of another operation, and a detail tells them apart.
// https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/create-upgrade-delete/error-code-toomanyrequestsreceived
func isNetworkThrottling(a answer) bool {
	return a.has("RetryableErrorDueToTooManyCalls", "RetryableErrorDueTooHighReadDataSize")
}

// translate turns an error of the SDK into one of the domain's kinds, once. An
// error that has a kind already comes back as it is. What may be a hiccup, or
// is unknown, gets no kind.
func translate(err error) error {
	if err == nil || isKind(err) {
		return err
	}
	if auth, ok := errors.AsType[*azidentity.AuthenticationFailedError](err); ok {
		return signInError(auth)
	}
	if resp, ok := errors.AsType[*azcore.ResponseError](err); ok {
		return responseError(resp)
	}
	// Only the bare ones: around others is text to be put on one line.
	if err == context.Canceled || err == context.DeadlineExceeded { //nolint:errorlint // see above
		return err
	}
	return &fault{oneLine(err.Error()), err}
}

func isKind(err error) bool {
	kinds := []error{
		jit.ErrNotFound, admission.ErrAmbiguous, jit.ErrForbidden, jit.ErrLocked, jit.ErrBusy, jit.ErrConflict, jit.ErrInvalid,
	}
	return slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) })
}

func responseError(resp *azcore.ResponseError) error {
	a := readAnswer(resp.RawResponse)
	if a.Code == "" {
		a.Code, a.foreign = resp.ErrorCode, true // from a header or another kind of body
	}
	f := &fault{a.String(), resp}
	if a.Code == "" {
		f.text = oneLine(fmt.Sprintf("answer %d %s", resp.StatusCode, http.StatusText(resp.StatusCode)))
	}
	switch kind := kindOf(resp.StatusCode, a); {
	case kind == nil:
		return f
	case errors.Is(kind, jit.ErrBusy):
		busy := &jit.BusyError{Cause: f}
		if resp.RawResponse != nil {
			busy.Wait = askedWait(resp.RawResponse.Header, a)
		}
		return busy
	default:
		return fmt.Errorf("%w: %w", kind, f)
	}
}

// errFaulted is an ErrInvalid that no rule is the cause of: a firewall that uses
// the policy is faulted.
// https://github.com/hashicorp/terraform-provider-azurerm/issues/19843
var errFaulted = fmt.Errorf("%w: a firewall of the policy is faulted", jit.ErrInvalid)

// errStale is an ErrConflict of a conditional write: somebody wrote since it was read.
var errStale = fmt.Errorf("%w: somebody wrote meanwhile", jit.ErrConflict)

// kindOf decides by the codes whose status misleads, then by the status. An
// operation that ended badly has status 200. A 404 has a kind only when the
// answer says itself that something is gone.
// https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors
func kindOf(status int, a answer) error {
	switch {
	case isConcurrentOperation(a), status == http.StatusTooManyRequests:
		return jit.ErrBusy
	case strings.HasSuffix(a.Code, "NotAllowedWhenUpdatingOrDeleting"):
		return jit.ErrBusy // a firewall policy takes one change at a time: https://github.com/Azure/deployment-stacks/issues/211
	case a.has("FirewallPolicyUpdateFailed"):
		return errFaulted
	case a.has("ScopeLocked"):
		return jit.ErrLocked
	case a.has("CanceledAndSupersededDueToAnotherOperation"), a.Code == "Canceled":
		return jit.ErrConflict
	case a.has("SecurityRuleConflict"):
		return jit.ErrConflict // somebody took the priority that was free when it was planned
	case a.has("RequestDisallowedByPolicy"):
		return jit.ErrDisallowed
	case a.has("DenyAssignmentAuthorizationFailed"):
		return admission.ErrDenied
	case a.has("ReadOnlyDisabledSubscription"):
		return admission.ErrDisabled
	case a.has("AuthorizationFailed", "LinkedAuthorizationFailed"):
		return jit.ErrForbidden
	case a.has("SubscriptionNotFound"):
		return jit.ErrForbidden // no proof that what is in it is gone
	}
	switch status {
	case http.StatusNotFound:
		if a.saysNotFound() {
			return jit.ErrNotFound
		}
		return nil
	case http.StatusUnauthorized, http.StatusForbidden:
		return jit.ErrForbidden
	case http.StatusPreconditionFailed:
		return errStale
	case http.StatusConflict:
		return jit.ErrConflict
	case http.StatusBadRequest:
		return jit.ErrInvalid
	default:
		return nil
	}
}

// signInError translates a refusal of Entra, such as a wrong secret.
func signInError(err *azidentity.AuthenticationFailedError) error {
	resp := err.RawResponse
	if resp == nil {
		return &fault{oneLine("signing in: " + err.Error()), err}
	}
	var said struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	f := &fault{fmt.Sprintf("signing in: answer %d", resp.StatusCode), err}
	if body, e := runtime.Payload(resp); e == nil && json.Unmarshal(body, &said) == nil {
		first, _, _ := strings.Cut(said.Description, "Trace ID:") // ids of that one try follow
		f.text = oneLine("signing in: " + said.Error + ": " + first)
	}
	switch resp.StatusCode {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%w: %w", jit.ErrForbidden, f)
	case http.StatusTooManyRequests:
		return &jit.BusyError{Wait: retryAfter(resp.Header), Cause: f}
	default:
		return f
	}
}
