package bot

import (
	"context"
	"time"

	"github.com/slack-go/slack"
)

// workspace is where the bot is installed, and who it is there.
type workspace struct {
	Team       string
	Enterprise string
	User       string
}

func whoami(ctx context.Context, api *slack.Client) (workspace, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	me, err := api.AuthTestContext(ctx)
	if err != nil {
		return workspace{}, slackError("asking Slack for the workspace", err)
	}
	return workspace{Team: me.TeamID, Enterprise: me.EnterpriseID, User: me.UserID}, nil
}

// has reports whether a payload comes from the workspace. In an Enterprise Grid
// people belong to another workspace of the same organization at times; who
// they are is read before anything is done.
func (w workspace) has(team, userTeam, enterprise string) bool {
	grid := enterprise != "" && enterprise == w.Enterprise
	return team != "" && team == w.Team && (userTeam == "" || userTeam == w.Team || grid) &&
		(enterprise == "" || w.Enterprise == "" || enterprise == w.Enterprise)
}
