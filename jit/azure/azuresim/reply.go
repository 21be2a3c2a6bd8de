package azuresim

import (
	"fmt"
	"net/http"
	"strings"
)

// object is a JSON object that is only ever written.
type object = map[string]any

// reply is an answer before it is sent. A nil body sends none.
type reply struct {
	status int
	header map[string]string
	body   any
}

// problem is an ARM error, also a Go error for the methods that seed.
type problem struct {
	status        int
	code, message string
	// detailCode and detailMessage make the one element of details.
	detailCode, detailMessage string
	header                    map[string]string
}

// Error is the code and the message.
func (p *problem) Error() string { return p.code + ": " + p.message }

func (p *problem) reply() reply {
	details := []any{}
	if p.detailCode != "" {
		details = append(details, object{"code": p.detailCode, "message": p.detailMessage})
	}
	e := object{"code": p.code, "message": p.message}
	// The gateway's errors carry no details; the network provider's do.
	if p.header["x-ms-failure-cause"] != "gateway" {
		e["details"] = details
	}
	return reply{status: p.status, header: p.header, body: object{"error": e}}
}

func invalid(code, format string, args ...any) *problem {
	return &problem{status: http.StatusBadRequest, code: code, message: fmt.Sprintf(format, args...)}
}

func fromGateway(status int, code, format string, args ...any) *problem {
	return &problem{
		status: status, code: code, message: fmt.Sprintf(format, args...),
		header: map[string]string{"x-ms-failure-cause": "gateway"},
	}
}

// missingResource is the gateway's face of 404, for a top-level resource.
func missingResource(p armPath, typeName string) *problem {
	return fromGateway(http.StatusNotFound, "ResourceNotFound",
		"The Resource '%s/%s' under resource group '%s' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
		typeName, p.names[0], p.group)
}

// missingChild is the network provider's face of 404.
func missingChild(id string) *problem {
	return &problem{status: http.StatusNotFound, code: "NotFound", message: fmt.Sprintf("Resource %s not found.", id)}
}

func missingGroup(name string) *problem {
	return fromGateway(http.StatusNotFound, "ResourceGroupNotFound", "Resource group '%s' could not be found.", name)
}

func ok(body any) reply { return reply{status: http.StatusOK, body: body} }

// send writes the answer. The connection is the caller's.
func (a reply) send(w http.ResponseWriter) {
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	switch body := a.body.(type) {
	case nil:
		if a.status != http.StatusNoContent {
			w.Header().Set("Content-Length", "0")
		}
		w.WriteHeader(a.status)
	case string:
		if w.Header().Get("Content-Type") == "" {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
		}
		w.WriteHeader(a.status)
		_, _ = strings.NewReader(body).WriteTo(w) // a client that went away is its own business
	default:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(a.status)
		_, _ = w.Write(encode(body)) // as above
	}
}
