package azure

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"jitbot/jit"
)

const (
	classicType   = "Microsoft.ClassicCompute/virtualMachines"
	resourcesDate = "2021-04-01" // api-version of the list of all resources
	classicWithin = 10 * time.Second
)

// resourcePage is a page of the list of all resources of a subscription.
type resourcePage struct {
	Value []struct {
		ID       string            `json:"id"`
		Name     string            `json:"name"`
		Location string            `json:"location"`
		Tags     map[string]string `json:"tags"`
	} `json:"value"`
	Next string `json:"nextLink"`
}

// classics adds the machines of the classic deployment model, from the list of
// all resources: it is there whether or not the subscription ever had one, and
// shows what the caller may read. They can only be told of, so without the
// right to see them, or while they cannot be listed, there are none.
// https://learn.microsoft.com/rest/api/resources/resources/list
func (c *Client) classics(p *parts, owner string) func(context.Context, *subscription) error {
	return func(ctx context.Context, _ *subscription) error {
		within, cancel := context.WithTimeout(ctx, classicWithin)
		defer cancel()
		err := pages(within, c.resources(owner, classicType), p.addClassics)
		if err == nil || errors.Is(err, jit.ErrForbidden) {
			return nil
		}
		c.log.WarnContext(ctx, "classic virtual machines are not listed", slog.String("subscription", owner), slog.Any("error", err))
		return ctx.Err()
	}
}

func (p *parts) addClassics(page resourcePage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range page.Value {
		vm := jit.VM{ID: r.ID, Name: r.Name, Location: r.Location, Tags: r.Tags, Classic: true}
		if id, err := arm.ParseResourceID(r.ID); err == nil {
			vm.Group = id.ResourceGroupName
		}
		p.classics = append(p.classics, vm)
	}
}

// resources pages through the subscription's resources of a type.
func (c *Client) resources(subscription, kind string) *runtime.Pager[resourcePage] {
	return runtime.NewPager(runtime.PagingHandler[resourcePage]{
		More: func(page resourcePage) bool { return page.Next != "" },
		Fetcher: func(ctx context.Context, last *resourcePage) (page resourcePage, err error) {
			next := ""
			if last != nil {
				next = last.Next
			}
			resp, err := runtime.FetcherForNextLink(ctx, c.plain.Pipeline(), next, func(ctx context.Context) (*policy.Request, error) {
				req, err := runtime.NewRequest(ctx, http.MethodGet, runtime.JoinPaths(c.plain.Endpoint(), "subscriptions", subscription, "resources"))
				if err != nil {
					return nil, err
				}
				req.Raw().URL.RawQuery = "api-version=" + resourcesDate + "&$filter=" + escapeQuery("resourceType eq '"+kind+"'")
				req.Raw().Header.Set("Accept", "application/json")
				return req, nil
			}, nil)
			if err == nil {
				err = runtime.UnmarshalAsJSON(resp, &page)
			}
			return page, err
		},
	})
}
