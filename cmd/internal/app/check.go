package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/sync/errgroup"

	"jitbot/bot"
	"jitbot/jit"
	"jitbot/jit/azure"
	"jitbot/store"
)

// Finding is what one check found.
type Finding struct {
	What string // what was checked
	Note string // what was seen, when it is in order
	Err  error  // what is wrong, and how to mend it
}

// String is a line for a terminal.
func (f Finding) String() string {
	if f.Err != nil {
		return fmt.Sprintf("FAULT  %-14s %s", f.What, strings.ReplaceAll(f.Err.Error(), "\n", "; "))
	}
	return fmt.Sprintf("ok     %-14s %s", f.What, f.Note)
}

const checkWithin = 30 * time.Second // an outside service that says nothing

// Check tries what Run needs: the store, Slack with both tokens, and Azure. It
// changes nothing but may make the store's file. tokens is what reading them
// said.
func Check(ctx context.Context, o Options, tokens error) []Finding {
	o = o.withDefaults()
	ctx, cancel := context.WithTimeout(ctx, checkWithin)
	defer cancel()
	results := make([][]Finding, 3)
	var group errgroup.Group
	group.Go(func() error { results[0] = []Finding{o.checkStore(ctx)}; return nil })
	group.Go(func() error { results[1] = o.checkSlack(ctx, tokens); return nil })
	group.Go(func() error { results[2] = o.checkAzure(ctx); return nil })
	_ = group.Wait() // findings hold the errors
	return slices.Concat(results...)
}

func (o Options) checkStore(ctx context.Context) Finding {
	f := Finding{What: "store", Note: o.Config.Store}
	if _, err := os.Stat(o.Config.Store); errors.Is(err, os.ErrNotExist) {
		folder := filepath.Dir(o.Config.Store)
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			f.Err = fmt.Errorf("there is no folder %s for it; make one with mode 0700", folder)
		}
		f.Note += " does not exist yet; jitbot run makes it"
		return f
	}
	s, err := store.Open(ctx, o.Config.Store, store.Options{})
	switch {
	case errors.Is(err, store.ErrInUse):
		f.Note += " is in use by a jitbot that runs"
	case err != nil:
		f.Err = err
	default:
		f.Err = errors.Join(s.Verify(ctx), s.Close())
	}
	return f
}

func (o Options) checkSlack(ctx context.Context, tokens error) []Finding {
	if tokens != nil {
		return []Finding{{What: "slack", Err: tokens}}
	}
	api := bot.NewClient(o.account())
	me := Finding{What: "slack bot"}
	if auth, err := api.AuthTestContext(ctx); err != nil {
		me.Err = fmt.Errorf("asking Slack who I am: %w; check SLACK_BOT_TOKEN and slack.api_url, and reinstall the app", err)
	} else {
		me.Note = fmt.Sprintf("%s in %s", auth.User, auth.Team)
	}
	socket := Finding{What: "slack socket", Note: "the app token opens one"}
	if _, _, err := api.StartSocketModeContext(ctx); err != nil {
		socket.Err = fmt.Errorf("opening a socket: %w; check SLACK_APP_TOKEN and that the app has Socket Mode on", err)
	}
	return []Finding{me, socket, o.checkChannels(ctx, api), o.checkPeople(ctx, bot.NewPeople(api))}
}

// checkChannels looks for each channel that cards go to.
func (o Options) checkChannels(ctx context.Context, api *slack.Client) Finding {
	ids := []string{o.Config.Jit.Channel}
	for _, rule := range o.Config.Jit.Approvals {
		if rule.Channel != "" {
			ids = append(ids, rule.Channel)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	var faults []error
	for _, id := range ids {
		c, err := api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
		switch {
		case err != nil:
			err = fmt.Errorf("reading the channel %s: %w; mend the id, or invite jitbot to it when it is private", id, err)
		case c.IsArchived:
			err = fmt.Errorf("the channel %s is archived; name another", id)
		}
		faults = append(faults, err)
	}
	return Finding{What: "slack channels", Note: counted(len(ids), "channel is there", "channels are there"), Err: errors.Join(faults...)}
}

// checkPeople looks for everybody whom the configuration names.
func (o Options) checkPeople(ctx context.Context, people jit.People) Finding {
	c := o.Config.Jit
	ids := slices.Clone(c.Admins)
	for _, rule := range c.Approvals {
		ids = append(ids, rule.Approvers...)
	}
	for id := range c.Users {
		ids = append(ids, string(id))
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	var faults []error
	for _, id := range ids {
		var err error
		if strings.HasPrefix(id, "S") {
			_, err = people.Group(ctx, id)
		} else {
			_, err = people.Member(ctx, jit.UserID(id))
		}
		if errors.Is(err, jit.ErrNotFound) {
			err = fmt.Errorf("Slack does not know %s; mend the id", id) //nolint:staticcheck // a name
		}
		faults = append(faults, err)
	}
	return Finding{What: "slack people", Note: counted(len(ids), "id is known", "ids are known"), Err: errors.Join(faults...)}
}

func (o Options) checkAzure(ctx context.Context) []Finding {
	client, err := o.azure(nil)
	if err != nil {
		return []Finding{{What: "azure", Err: err}}
	}
	machines := Finding{What: "azure machines"}
	if vms, err := client.VMs(ctx); err != nil {
		machines.Err = mend("listing the virtual machines", err)
	} else {
		machines.Note = counted(len(vms), "virtual machine", "virtual machines")
	}
	rules := Finding{What: "azure rules"}
	if tables, err := client.Tables(ctx); err != nil {
		rules.Err = mend("reading the network security groups", err)
	} else {
		rules.Note = counted(len(tables), "network security group", "network security groups")
	}
	clock := Finding{What: "clock", Note: "agrees with Azure's"}
	if skew := client.Skew(); skew.Abs() > maxSkew {
		clock.Err = fmt.Errorf("this machine's clock and Azure's differ by %s, and nothing would be opened; set the clock", jit.ShortDuration(skew.Abs()))
	}
	return []Finding{machines, rules, o.checkUsers(ctx, client), clock}
}

// checkUsers looks for each Entra user of the configuration.
func (o Options) checkUsers(ctx context.Context, client *azure.Client) Finding {
	var faults []error
	for id, name := range o.Config.Jit.Users {
		account, err := client.User(ctx, name, false)
		switch {
		case errors.Is(err, jit.ErrNotFound):
			err = fmt.Errorf("Entra has no user %s, to whom %s is tied; mend the line under users", name, id) //nolint:staticcheck // a name
		case errors.Is(err, jit.ErrForbidden):
			err = fmt.Errorf("reading Entra's users: %w; give the identity the Graph permission User.Read.All", err)
		case err == nil && !account.Enabled:
			err = fmt.Errorf("the Entra user %s is switched off; mend the line of %s under users", name, id)
		}
		faults = append(faults, err)
	}
	slices.SortFunc(faults, func(a, b error) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return Finding{What: "entra users", Note: counted(len(o.Config.Jit.Users), "user is known", "users are known"), Err: errors.Join(faults...)}
}

func mend(doing string, err error) error {
	hint := "check the network, and the endpoints under azure"
	switch {
	case errors.Is(err, jit.ErrForbidden):
		hint = "check AZURE_TENANT_ID, AZURE_CLIENT_ID and the secret, and give that identity the role that jitbot role prints"
	case errors.Is(err, jit.ErrNotFound):
		hint = "check azure.subscriptions"
	case errors.Is(err, jit.ErrBusy):
		hint = "try again in a minute"
	}
	return fmt.Errorf("%s: %w; %s", doing, err, hint)
}
