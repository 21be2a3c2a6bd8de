package azure

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// pages walks a pager to its end and hands each page to take. What came before
// an error was taken.
func pages[T any](ctx context.Context, p *runtime.Pager[T], take func(T)) error {
	for p.More() {
		page, err := p.NextPage(ctx)
		if err != nil {
			return translate(err)
		}
		take(page)
	}
	return nil
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
