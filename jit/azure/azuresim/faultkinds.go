package azuresim

import (
	"cmp"
	"fmt"
	"net/http"
)

// Throttled is a 429 of Resource Manager. retryAfter is the header's value,
// seconds or an HTTP date; empty: no header.
func Throttled(retryAfter string) Fault {
	f := Fault{
		Status: http.StatusTooManyRequests, Code: "SubscriptionRequestsThrottled",
		Message: fmt.Sprintf("Number of requests for subscription '%s' and operation '%s' exceeded the backend storage limit. "+
			"Please try again after '%s' seconds.",
			"00000000-0000-0000-0000-000000000000", "PUT/SUBSCRIPTIONS/RESOURCEGROUPS/PROVIDERS", cmp.Or(retryAfter, "0")),
	}
	if retryAfter != "" {
		f.Header = map[string]string{"Retry-After": retryAfter}
	}
	return f
}

// Busy is the 429 that means a lock, not throttling.
func Busy() Fault {
	return Fault{
		Status: http.StatusTooManyRequests, Code: "RetryableError", Message: "A retryable error occurred.",
		DetailCode: "RetryableErrorDueToAnotherOperation",
		DetailMessage: "Operation PutSecurityRuleOperation (" + guidOf("busy") + ") is updating the resource. The call can be " +
			"retried in 10 seconds.",
	}
}

// Conflict is the 409 of a group that another operation is changing.
func Conflict() Fault {
	return Fault{
		Status: http.StatusConflict, Code: "AnotherOperationInProgress",
		Message: "Another operation on this or dependent resource is in progress. To retrieve status of the operation use " +
			"uri: https://management.azure.com/.",
	}
}

// Stale is a 412: the resource has changed since it was read.
func Stale() Fault {
	return Fault{
		Status: http.StatusPreconditionFailed, Code: "PreconditionFailed", Message: "Precondition failed.",
		DetailCode: "PreconditionFailedEtagMismatch", DetailMessage: "Etag provided in if-match header does not match etag of " +
			"resource in NRP data store.",
	}
}

// Broken is an answer that is not ARM's, such as a proxy's 500 or 503.
func Broken(status int) Fault {
	return Fault{
		Status: status, Body: fmt.Sprintf("<html><head><title>%d</title></head><body><h1>%s</h1></body></html>", status, http.StatusText(status)),
	}
}

// Forbidden is a 403 AuthorizationFailed.
func Forbidden() Fault {
	return Fault{
		Status: http.StatusForbidden, Code: "AuthorizationFailed",
		Message: "The client does not have authorization to perform the action over the scope or the scope is invalid. If " +
			"access was recently granted, please refresh your credentials.",
	}
}

// OperationFails makes an accepted write end Failed.
func OperationFails() Fault {
	return Fault{OperationEnd: "Failed", OperationCode: "InternalServerError", OperationMessage: "An error occurred."}
}

// Superseded makes an accepted write end Canceled, as when another writer
// came later.
func Superseded() Fault {
	return Fault{
		OperationEnd: "Canceled", OperationCode: "Canceled", OperationMessage: "Operation was canceled.",
		DetailCode: "CanceledAndSupersededDueToAnotherOperation",
		DetailMessage: "Operation PutSecurityRuleOperation (" + guidOf("a") + ") was canceled and superseded by operation " +
			"PutSecurityRuleOperation (" + guidOf("b") + ").",
	}
}

// HangingRequest never answers and does nothing until it is let go.
func HangingRequest() Fault { return Fault{HangRequest: true} }

// HangingAnswer does what was asked and never answers until it is let go.
func HangingAnswer() Fault { return Fault{HangAnswer: true} }

// HangingOperation accepts writes and never ends them until it is let go.
func HangingOperation() Fault { return Fault{OperationHangs: true} }

// WithoutETag answers without an etag, in the header and in the body.
func WithoutETag() Fault { return Fault{NoETag: true} }

// LostRequest breaks the connection before the effect.
func LostRequest() Fault { return Fault{LoseRequest: true} }

// LostAnswer breaks the connection after the effect.
func LostAnswer() Fault { return Fault{LoseAnswer: true} }
