package azure

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	armruntime "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
)

// rest speaks plain JSON with a service, for what the SDK has no client, or
// none that keeps a document whole.
type rest struct {
	endpoint string // without a slash at its end
	pipeline runtime.Pipeline
	next     string // the member of a page that links to the next one
	versions APIVersions
}

// newManager is Resource Manager.
func newManager(endpoint string, cred azcore.TokenCredential, options *arm.ClientOptions, versions APIVersions) (rest, error) {
	p, err := armruntime.NewPipeline("jitbot", "v1", cred, runtime.PipelineOptions{}, options)
	if err != nil {
		return rest{}, fmt.Errorf("making the Resource Manager client: %w", err)
	}
	return rest{endpoint: strings.TrimRight(endpoint, "/"), pipeline: p, next: "nextLink", versions: versions}, nil
}

// address is that of a resource, or of a list, with the version of the API for its
// type.
func (r rest) address(id string) string { return r.addressAt(id, r.versions.of(resourceType(id))) }

// addressAt is address with another version.
func (r rest) addressAt(id, version string) string {
	return r.endpoint + "/" + strings.Trim(id, "/") + "?api-version=" + version
}

// get reads one address into the value that into points to.
func (r rest) get(ctx context.Context, address string, into any) error {
	req, err := runtime.NewRequest(ctx, http.MethodGet, address)
	if err != nil {
		return translate(err)
	}
	return r.read(req, into)
}

// resource reads a resource into the value that into points to; query is what the
// address has behind its version. An answer without an id is an error: it would pass
// for a resource in which there is nothing.
func (r rest) resource(ctx context.Context, id, query string, into any) error {
	var raw json.RawMessage
	if err := r.get(ctx, r.address(id)+query, &raw); err != nil {
		return err
	}
	var named resourceRef
	if err := unmarshal(raw, &named); err != nil {
		return err
	}
	if named.ID == "" {
		return errNoResource
	}
	return unmarshal(raw, into)
}

// errNoResource is what an answer about a resource is that names none.
var errNoResource = errors.New("the answer is not about a resource")

// post sends a question that takes a body and changes nothing.
func (r rest) post(ctx context.Context, address string, body, into any) error {
	req, err := runtime.NewRequest(ctx, http.MethodPost, address)
	if err != nil {
		return translate(err)
	}
	if err := runtime.MarshalAsJSON(req, body); err != nil {
		return translate(err)
	}
	return r.read(req, into)
}

// read sends a request and reads the answer into the value that into points to.
func (r rest) read(req *policy.Request, into any) error {
	req.Raw().Header.Set("Accept", "application/json")
	resp, err := r.pipeline.Do(req)
	if err != nil {
		return translate(err)
	}
	if !runtime.HasStatusCode(resp, http.StatusOK) {
		return translate(runtime.NewResponseError(resp))
	}
	if err := runtime.UnmarshalAsJSON(resp, into); err != nil {
		return translate(err)
	}
	return nil
}

// list reads all pages of a list.
func (r rest) list(ctx context.Context, address string, take func(json.RawMessage) error) error {
	for address != "" {
		elements, next, err := r.page(ctx, address)
		if err != nil {
			return err
		}
		for _, raw := range elements {
			if err := take(raw); err != nil {
				return err
			}
		}
		address = next
	}
	return nil
}

// page reads one page of a list, and where the next one is.
func (r rest) page(ctx context.Context, address string) (elements []json.RawMessage, next string, err error) {
	if err := r.checkOwns(address); err != nil {
		return nil, "", err
	}
	var page map[string]json.RawMessage
	if err := r.get(ctx, address, &page); err != nil {
		return nil, "", err
	}
	if err := unmarshal(page["value"], &elements); err != nil {
		return nil, "", err
	}
	if elements == nil {
		return nil, "", errNoList
	}
	return elements, next, unmarshal(page[r.next], &next)
}

// errNoList is what an answer to a list without one is: not an empty list.
var errNoList = errors.New("the answer to a list has no list")

// listPage is one page of a list of Resource Manager.
type listPage[T any] struct {
	Value    []*T   `json:"value"`
	NextLink string `json:"nextLink"`
}

// listInto reads a list page by page, as the SDK's pagers do, and hands each
// element to take. What came before an error was taken. Each page is decoded
// in one pass; the SDK's types scan their bytes once more at each level of
// nesting, which was most of the work of reading large subscriptions.
func listInto[T any](ctx context.Context, r rest, address string, take func(*T)) error {
	req, err := runtime.NewRequest(ctx, http.MethodGet, address)
	for {
		if err != nil {
			return translate(err)
		}
		page, fault := readPage[T](r, req)
		if fault != nil {
			return fault
		}
		for _, element := range page.Value {
			if element != nil {
				take(element)
			}
		}
		if page.NextLink == "" {
			return nil
		}
		req, err = runtime.NewRequestForNextLink(ctx, http.MethodGet, r.endpoint, page.NextLink)
	}
}

// readPage reads one page, whose list may be empty and not missing.
func readPage[T any](r rest, req *policy.Request) (page listPage[T], err error) {
	switch err = r.read(req, &page); {
	case err != nil:
	case page.Value == nil:
		err = errNoList
	case page.NextLink != "":
		err = r.checkOwns(page.NextLink)
	}
	return page, err
}

// unmarshal reads JSON that may be absent.
func unmarshal(raw json.RawMessage, into any) error {
	if len(raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("reading an answer: %w", err)
	}
	return nil
}

// checkOwns refuses a page of a list that is not on the service's host: the token
// would go there.
func (r rest) checkOwns(address string) error {
	home, err := url.Parse(r.endpoint)
	if err != nil {
		return fmt.Errorf("reading the service's address: %w", err)
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != home.Scheme || !strings.EqualFold(u.Hostname(), home.Hostname()) || portOf(u) != portOf(home) {
		return fmt.Errorf("the next page is on another host than %s", r.endpoint)
	}
	return nil
}

// portOf is the port of an address, that of its scheme where it names none.
func portOf(u *url.URL) string {
	if port := u.Port(); port != "" || u.Scheme != "https" {
		return port
	}
	return "443"
}

// noResult is the result of an operation of which only the end matters.
type noResult struct{}

// begin sends a PUT with the document, or a DELETE where there is none, on the
// condition that the etag, if any, is still that of the resource.
func (r rest) begin(ctx context.Context, address string, document json.RawMessage, etag string) (*runtime.Poller[noResult], error) {
	method := http.MethodDelete
	if document != nil {
		method = http.MethodPut
	}
	req, err := runtime.NewRequest(ctx, method, address)
	if err != nil {
		return nil, translate(err)
	}
	req.Raw().Header.Set("Accept", "application/json")
	if etag != "" {
		req.Raw().Header.Set("If-Match", etag)
	}
	if document != nil {
		if err := req.SetBody(streaming.NopCloser(bytes.NewReader(document)), "application/json"); err != nil {
			return nil, translate(err)
		}
	}
	resp, err := r.pipeline.Do(req)
	if err != nil {
		return nil, translate(err)
	}
	if !runtime.HasStatusCode(resp, http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent) {
		return nil, translate(runtime.NewResponseError(resp))
	}
	poller, err := runtime.NewPoller[noResult](resp, r.pipeline, nil)
	return poller, translate(err)
}
