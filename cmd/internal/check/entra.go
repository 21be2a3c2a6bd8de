package check

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"jitbot/cmd/internal/config"
	"jitbot/jit"
	"jitbot/jit/admission"
	"jitbot/jit/azure"
	"jitbot/jit/text"
)

// users looks for each Entra user of the configuration.
func (c run) users(ctx context.Context, client *azure.Client) []Finding {
	const what = "entra users"
	users := c.Config.Jit.Users
	ids := slices.Sorted(maps.Keys(users))
	accounts := make([]admission.Account, len(ids))
	order := make([]int, len(ids))
	for i := range order {
		order[i] = i
	}
	answers := each(order, func(i int) (err error) {
		accounts[i], err = client.User(ctx, users[ids[i]], false)
		return err
	})
	var faults []error
	for i, err := range answers {
		id, name := ids[i], users[ids[i]]
		switch {
		case errors.Is(err, jit.ErrForbidden): // for one as for all
			return verdict(
				what, "", fmt.Errorf("reading Entra's users: %s; give the identity the Graph permission User.Read.All", config.Clause(err)),
			)
		case errors.Is(err, jit.ErrNotFound):
			//nolint:staticcheck // a name
			faults = append(faults, fmt.Errorf("Entra has no user %s, to whom %s is tied; mend the line under users", name, id))
		case err != nil:
			faults = append(faults, mend("reading Entra's users", err))
		case !accounts[i].Enabled:
			faults = append(faults, fmt.Errorf("the Entra user %s is switched off; mend the line of %s under users", name, id))
		}
	}
	return verdict(what, text.Count(len(users), "user is known", "users are known"), faults...)
}
