package host

import (
	"fmt"
	"os/user"
	"strconv"

	"jitbot/jit"
	"jitbot/jit/text"
)

// User is how the record names an account of this machine.
func User(uid uint32) jit.UserID {
	name := fmt.Sprintf("uid-%d", uid)
	if u, err := user.LookupId(strconv.FormatUint(uint64(uid), 10)); err == nil && text.Clean(u.Username) != "" {
		name = text.Clean(u.Username)
	}
	return jit.UserID("host:" + name)
}

// Path is where the socket of the bot with this store is.
func Path(store string) string { return store + ".sock" }

// mayEnter reports whether an account may speak to a bot that runs as own.
func mayEnter(uid, own uint32) bool { return uid == 0 || uid == own }
