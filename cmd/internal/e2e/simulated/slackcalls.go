package simulated

import (
	"net/http"

	"jitbot/bot/slacksim"
)

// KindsOf counts what was posted and edited, by what it is for: posts, edits and
// replies in the demo's channel, direct messages, and edits of their buttons.
func KindsOf(calls []slacksim.Call) map[string]int {
	n := map[string]int{}
	for _, c := range calls {
		inChannel := c.Args["channel"] == slacksim.DemoChannelID
		switch {
		case c.Status != http.StatusOK || c.Error != "":
		case c.Method == "chat.update" && inChannel:
			n["edits"]++
		case c.Method == "chat.update":
			n["button edits"]++
		case c.Method != "chat.postMessage":
		case !inChannel:
			n["direct"]++
		case c.Args["thread_ts"] != nil:
			n["replies"]++
		default:
			n["posts"]++
		}
	}
	return n
}
