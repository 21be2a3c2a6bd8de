package bot

// lane is a kind of work. Each has workers of its own, so that no kind waits for
// another: whoever ends access never waits for somebody who asks or types.
type lane int

const (
	endings lane = iota // what ends access or denies it
	prompts             // what opens a form or checks one, for which Slack waits three seconds
	asks                // what asks for access, approves and protects: Azure is asked
	reads               // lists, scans, what fills a form, Home tabs
	letters             // typed into a menu of VMs
	answers             // what is said to somebody afterwards
	lanes               // how many there are
)

// share is how much of a lane there is, and how much of it one person may have, so
// that nobody keeps the others from it.
type share struct {
	workers int // jobs at once
	each    int // jobs at once of one person
	waiting int // jobs of one person that wait
}

func (l lane) share() share {
	switch l {
	case endings:
		return share{workers: 64, each: 8, waiting: 50}
	case prompts:
		return share{workers: 32, each: 4, waiting: 8}
	case asks:
		return share{workers: 16, each: 4, waiting: 50}
	case reads:
		return share{workers: 16, each: 3, waiting: 20}
	case letters:
		return share{workers: 16, each: 2, waiting: 1}
	default:
		return share{workers: 64, each: 8, waiting: 100}
	}
}
