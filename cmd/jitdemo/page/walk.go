package page

import "jitbot/bot/slacksim"

// Hint is one sub-command of the slash command.
type Hint struct {
	Usage string `json:"usage"` // "request <vm> [ports] for <reason>"
	Does  string `json:"does"`
}

// Walk is a story for a newcomer to play, step by step.
type Walk struct {
	Name string `json:"name"`
	// VM is the short name of the machine it is about.
	VM    string `json:"vm"`
	Steps []Step `json:"steps"`
}

// What is so once a step is done, always of the walk's VM.
const (
	Asked       = "asked"       // somebody waits for access, or has it
	Opened      = "opened"      // a grant is open
	Ended       = "ended"       // no grant of it is left
	Protected   = "protected"   // jitbot keeps it shut
	Unprotected = "unprotected" // it does not any more
	Ruled       = "ruled"       // jitbot has a rule in some security group
	Wiped       = "wiped"       // somebody's configuration removed such rules
	Restored    = "restored"    // what was still wanted of them is back
	Taken       = "taken"       // the step's button was pressed
)

// Step is one thing for a newcomer to try. Its button, if it has one, does what
// the other fields say, in their order.
type Step struct {
	Text   string `json:"text"`
	Button string `json:"button,omitempty"`
	// As is the person to become.
	As string `json:"as,omitempty"`
	// Channel is the channel to open; "dm" is the direct message with the bot.
	Channel string `json:"channel,omitempty"`
	// Done says what is so once the step is done.
	Done string `json:"done"`
	// Type is sent as if it had been typed into the composer.
	Type string `json:"type,omitempty"`
	// Deadline moves the clock to the deadline of the VM's grant.
	Deadline bool `json:"deadline,omitempty"`
	// Terraform applies somebody's configuration and shows the subscription.
	Terraform bool `json:"terraform,omitempty"`
}

func demoHints() []Hint {
	return []Hint{
		{"request <vm>[,<vm>…] [ports] [duration] [from <address>] for <reason>", "asks for access"},
		{"list [all]", "your grants and waiting requests, or everybody's"},
		{"vms [text]", "VMs, whether they are protected, and what may be asked for"},
		{"scan [unhealthy|healthy|na] [text]", "which VMs have open management ports, and by which rule"},
		{"explain <vm> [@user]", "a dry run: may you ask, who approves, what else keeps the port open or shut"},
		{"history [vm, grant or @user] [days]", "what was asked, approved, opened and closed"},
		{"extend <grant> <duration>", "asks for more time"},
		{"move <grant> <address>", "lets you in from another address"},
		{"done [grant]", "ends your access early"},
		{"cancel <grant>", "withdraws your waiting request"},
		{"approve <grant>", "approves a request that waits, as the button does, for approvers"},
		{"deny <grant> <reason>", "denies a request that waits, as the button does, for approvers"},
		{"revoke <grant> [reason]", "ends somebody's access, for approvers and admins"},
		{"protect <vm>[,<vm>…] [ports]", "keeps ports shut unless access is granted, for admins"},
		{"unprotect <vm>[,<vm>…]", "ends that, for admins"},
		{"help [command]", "lists the commands, or tells of one"},
	}
}

func demoWalks() []Walk {
	return []Walk{grantWalk(), protectionWalk(), terraformWalk(), firewallWalk()}
}

func grantWalk() Walk {
	return Walk{"A grant", "web-1", []Step{
		{
			Text:   "As Ada, ask for SSH to web-1 for half an hour.",
			Button: "Send it", As: slacksim.DemoEngineerID, Channel: "dm", Done: Asked,
			Type: "/jit request web-1 22 30m from 203.0.113.7 for looking at the logs",
		},
		{
			Text:   "As Grace, press Approve on the card, and again where it asks back: the rule appears.",
			Button: "Become Grace", As: slacksim.DemoApproverID, Channel: slacksim.DemoChannelID, Done: Opened,
		},
		{
			Text:   "Let the time pass: the rule goes, and Ada is told.",
			Button: "To the deadline", As: slacksim.DemoEngineerID, Channel: "dm", Deadline: true, Done: Ended,
		},
	}}
}

func protectionWalk() Walk {
	return Walk{"Protection", "jump-1", []Step{
		{
			Text:   "As Linus, scan: jump-1 is open to everybody. Press Protect there, and send the form.",
			Button: "Send it", As: slacksim.DemoApprover2ID, Channel: "dm", Type: "/jit scan unhealthy", Done: Protected,
		},
		{
			Text:   "As Ada, ask for SSH to jump-1, which nobody reaches now.",
			Button: "Send it", As: slacksim.DemoEngineerID, Channel: "dm", Done: Asked,
			Type: "/jit request jump-1 22 30m from 203.0.113.7 for looking at the logs",
		},
		{
			Text:   "As Grace, approve it: one address gets in, and nobody else.",
			Button: "Become Grace", As: slacksim.DemoApproverID, Channel: slacksim.DemoChannelID, Done: Opened,
		},
		{
			Text:   "As Linus, unprotect it and press Unprotect in the answer: jitbot's deny goes, other people's rules are as before.",
			Button: "Send it", As: slacksim.DemoApprover2ID, Channel: "dm", Type: "/jit unprotect jump-1", Done: Unprotected,
		},
	}}
}

func terraformWalk() Walk {
	return Walk{"Terraform", "jump-1", []Step{
		{
			Text:   "As Linus, protect jump-1, or let a grant be open.",
			Button: "Send it", As: slacksim.DemoApprover2ID, Channel: "dm", Type: "/jit protect jump-1", Done: Ruled,
		},
		{
			Text:   "Apply terraform that knows nothing of jitbot: jitbot's rules go.",
			Button: "terraform apply", Terraform: true, Done: Wiped,
		},
		{
			Text:   "Within a minute jitbot puts them back and says so.",
			Button: "Read it", As: slacksim.DemoApprover2ID, Channel: slacksim.DemoChannelID, Done: Restored,
		},
	}}
}

func firewallWalk() Walk {
	return Walk{"Firewall", "app-1", []Step{
		{
			Text:   "As Ada, ask for SSH to app-1, which nobody reaches but through the firewall hub-fw.",
			Button: "Send it", As: slacksim.DemoEngineerID, Channel: "dm", Done: Asked,
			Type: "/jit request app-1 22 30m from 203.0.113.7 for looking at the logs",
		},
		{
			Text:   "As Grace, read who else gets in, and approve: apps-nsg opens first, then hub-fw (3 to 5 minutes in Azure, less here).",
			Button: "Become Grace", As: slacksim.DemoApproverID, Channel: slacksim.DemoChannelID, Done: Opened,
		},
		{
			Text:   "Once it is open, read as Ada which port of the firewall leads to app-1.",
			Button: "Read it", As: slacksim.DemoEngineerID, Channel: "dm", Done: Taken,
		},
		{
			Text:   "Let the time pass: apps-nsg shuts at once, hub-fw follows.",
			Button: "To the deadline", As: slacksim.DemoEngineerID, Channel: "dm", Deadline: true, Done: Ended,
		},
	}}
}
