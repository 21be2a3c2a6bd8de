package page

import "jitbot/bot/slacksim"

// Hint is one sub-command of the slash command.
type Hint struct {
	Usage string `json:"usage"` // "request <vm> [ports] for <reason>"
	Does  string `json:"does"`
}

// Walk is a story for a newcomer to play, step by step.
type Walk struct {
	Name  string `json:"name"`
	Steps []Step `json:"steps"`
}

// Step is one thing for a newcomer to try. Its button, if it has one, does what
// the other fields say, in their order.
type Step struct {
	Text   string `json:"text"`
	Button string `json:"button,omitempty"`
	// As is the person to become.
	As string `json:"as,omitempty"`
	// Channel is the channel to open; "dm" is the direct message with the bot.
	Channel string `json:"channel,omitempty"`
	// Type is put into the composer, for the reader to send.
	Type string `json:"type,omitempty"`
	// Deadline moves the clock to the next deadline.
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
		{"done <grant>", "ends your access early"},
		{"cancel <grant>", "withdraws your waiting request"},
		{"revoke <grant> [reason]", "ends somebody's access, for approvers and admins"},
		{"protect <vm>[,<vm>…] [ports]", "keeps ports shut unless access is granted, for admins"},
		{"unprotect <vm>[,<vm>…]", "ends that, for admins"},
		{"help", "lists the commands"},
	}
}

func demoWalks() []Walk {
	return []Walk{grantWalk(), protectionWalk(), terraformWalk(), firewallWalk()}
}

func grantWalk() Walk {
	return Walk{"A grant", []Step{
		{
			Text:   "As Ada, ask for SSH to web-1 for half an hour.",
			Button: "Type it for me", As: slacksim.DemoEngineerID, Channel: "dm",
			Type: "/jit request web-1 22 30m from 203.0.113.7 for looking at the logs",
		},
		{
			Text:   "As Grace, approve it, and see the rule appear.",
			Button: "Become Grace", As: slacksim.DemoApproverID, Channel: slacksim.DemoChannelID,
		},
		{
			Text:   "Let the time pass: the rule goes, and Ada is told.",
			Button: "To the deadline", As: slacksim.DemoEngineerID, Channel: "dm", Deadline: true,
		},
	}}
}

func protectionWalk() Walk {
	return Walk{"Protection", []Step{
		{
			Text:   "As Linus, scan: jump-1 is open to everybody. Press Protect there, and send the form.",
			Button: "Type it for me", As: slacksim.DemoApprover2ID, Channel: "dm", Type: "/jit scan unhealthy",
		},
		{
			Text:   "As Ada, ask for SSH to jump-1, which nobody reaches now.",
			Button: "Type it for me", As: slacksim.DemoEngineerID, Channel: "dm",
			Type: "/jit request jump-1 22 30m from 203.0.113.7 for looking at the logs",
		},
		{
			Text:   "As Grace, approve it: one address gets in, and nobody else.",
			Button: "Become Grace", As: slacksim.DemoApproverID, Channel: slacksim.DemoChannelID,
		},
		{
			Text:   "As Linus, unprotect it and press Unprotect in the answer: jitbot's deny goes, other people's rules are as before.",
			Button: "Type it for me", As: slacksim.DemoApprover2ID, Channel: "dm", Type: "/jit unprotect jump-1",
		},
	}}
}

func terraformWalk() Walk {
	return Walk{"Terraform", []Step{
		{
			Text:   "As Linus, protect jump-1, or let a grant be open.",
			Button: "Type it for me", As: slacksim.DemoApprover2ID, Channel: "dm", Type: "/jit protect jump-1",
		},
		{
			Text:   "Apply terraform that knows nothing of jitbot: jitbot's rules go.",
			Button: "terraform apply", Terraform: true,
		},
		{
			Text:   "Within a minute jitbot puts them back and says so.",
			Button: "Read it", As: slacksim.DemoApprover2ID, Channel: slacksim.DemoChannelID,
		},
	}}
}

func firewallWalk() Walk {
	return Walk{"Firewall", []Step{
		{
			Text:   "As Ada, ask for SSH to app-1, which nobody reaches but through the firewall hub-fw.",
			Button: "Type it for me", As: slacksim.DemoEngineerID, Channel: "dm",
			Type: "/jit request app-1 22 30m from 203.0.113.7 for looking at the logs",
		},
		{
			Text:   "As Grace, read who else gets in, and approve: apps-nsg opens first, then hub-fw (3 to 5 minutes in Azure, less here).",
			Button: "Become Grace", As: slacksim.DemoApproverID, Channel: slacksim.DemoChannelID,
		},
		{
			Text:   "Once it is open, read as Ada which port of the firewall leads to app-1.",
			Button: "Read it", As: slacksim.DemoEngineerID, Channel: "dm",
		},
		{
			Text:   "Let the time pass: apps-nsg shuts at once, hub-fw follows.",
			Button: "To the deadline", As: slacksim.DemoEngineerID, Channel: "dm", Deadline: true,
		},
	}}
}
