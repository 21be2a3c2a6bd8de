package azure

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// pages walks a pager to its end and hands each page to take. What came before
// an error was taken.
func pages[T any](ctx context.Context, p *runtime.Pager[T], take func(T)) error {
	for p.More() {
		var answer *http.Response
		page, err := p.NextPage(policy.WithCaptureResponse(ctx, &answer))
		if err == nil {
			err = checkPage(answer)
		}
		if err != nil {
			return translate(err)
		}
		take(page)
	}
	return nil
}

// checkPage refuses what the SDK lets pass: an answer without a list, which it takes
// for an empty one, and a next page on another host.
func checkPage(answer *http.Response) error {
	body, err := runtime.Payload(answer)
	if err != nil {
		return translate(err)
	}
	var page listPage[json.RawMessage]
	if err := unmarshal(body, &page); err != nil {
		return err
	}
	if page.Value == nil {
		return errNoList
	}
	if page.NextLink == "" {
		return nil
	}
	asked := answer.Request.URL
	return rest{endpoint: asked.Scheme + "://" + asked.Host}.checkOwns(page.NextLink)
}

// value is what a pointer of the SDK points to, the zero value for nil.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// values drops the nils of a list of the SDK.
func values[T any](list []*T) []T {
	var out []T
	for _, p := range list {
		if p != nil {
			out = append(out, *p)
		}
	}
	return out
}
