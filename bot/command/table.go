package command

// Verb is the first word after /jit.
type Verb string

// The commands that there are.
const (
	VerbHelp      Verb = "help"
	VerbRequest   Verb = "request"
	VerbList      Verb = "list"
	VerbVMs       Verb = "vms"
	VerbScan      Verb = "scan"
	VerbExplain   Verb = "explain"
	VerbHistory   Verb = "history"
	VerbExtend    Verb = "extend"
	VerbMove      Verb = "move"
	VerbDone      Verb = "done"
	VerbRevoke    Verb = "revoke"
	VerbCancel    Verb = "cancel"
	VerbProtect   Verb = "protect"
	VerbUnprotect Verb = "unprotect"
	VerbApprove   Verb = "approve"
	VerbDeny      Verb = "deny"
)

// Example is a line, and what it does.
type Example struct{ Line, Does string }

// Spec is a row of the table of commands: all that reading a line, the help and the
// nearest command for an unknown word need.
type Spec struct {
	Verb      Verb
	Usage     string // what follows /jit
	Does      string // in one line
	Examples  []Example
	Notes     string      // what else the help says
	Table     [][2]string // that the help shows at its end
	TableHead string      // what the table is of
	Words     string      // other words that people mean it by
	Ends      bool        // it ends something: it is named and never proposed
	Instead   string      // it cannot be carried out yet; what can be done instead

	read func(r *reader, v Verb) Command
}

// Commands are the rows that can be carried out, in the order of the help.
func Commands() []Spec {
	var out []Spec
	for _, s := range table() {
		if s.Instead == "" {
			out = append(out, s)
		}
	}
	return out
}

// Of is the row of a command.
func Of(v Verb) (Spec, bool) {
	for _, s := range table() {
		if s.Verb == v {
			return s, true
		}
	}
	return Spec{}, false
}

func table() []Spec {
	return append(askingTable(), append(lookingTable(), endingTable()...)...)
}

// askingTable has what asks for access and what changes it.
func askingTable() []Spec {
	return []Spec{
		{
			Verb: VerbRequest, Usage: "request <vm>[,<vm>…] [ports] [duration] [from <address>] for <reason>",
			Does: "asks for access, and the form asks for what you leave out",
			Examples: []Example{
				{"request web-1 ssh 1h from 203.0.113.7 for the deploy", "SSH to one VM for an hour"},
				{"request web-1 web-2 22,8000-8010 90 min from me for the fix", "two VMs, from the address that you used last"},
				{"request shop/web-1 rdp for half an hour for a look", "the `web-1` in the group `shop`"},
				{"request tag:env=dev ssh for the upgrade", "all VMs with a tag; the form asks for the rest"},
			},
			Notes: "A VM is its name, `group/name`, or `tag:key=value` for many. " +
				"Ports: `22`, `22,3389`, `8000-8010`, `22/tcp`, `ssh`, `rdp`, `winrm`. Durations: `45m`, `2h`, `1h30m`, `90 min`. " +
				"An address: `203.0.113.7`, a range such as `198.51.100.0/24`, or `me`.",
			Words: "req ask access open ssh rdp winrm connect login want need get enter allow permit give grant jit unlock " +
				"i please pls plz can could let",
			read: func(r *reader, _ Verb) Command { return r.request() },
		},
		{
			Verb: VerbExtend, Usage: "extend <grant> <duration>", Does: "asks for more time of your open access",
			Examples: []Example{{"extend g-7k2qd 1h", "an hour more, approved as the first"}},
			Words:    "more longer prolong renew", read: (*reader).extend,
		},
		{
			Verb: VerbMove, Usage: "move <grant> <address>", Does: "lets you in from another address, in place of the one before",
			Examples: []Example{{"move g-7k2qd 203.0.113.7", "you come by another network now"}},
			Notes: "Nobody approves it anew, so it is for as many addresses as before at most, within the policy and what was approved. " +
				"The end stays as it is.",
			Words: "ip address moved", read: (*reader).move,
		},
		{
			Verb: VerbApprove, Usage: "approve <grant>", Does: "approves a request that waits, as the button does, for approvers",
			Examples: []Example{{"approve g-7k2qd", "it is opened once enough have approved it"}},
			Notes:    "Where the button would ask you once more, you are shown what you approve, and press it there.",
			Words:    "accept ok yes lgtm agree +1", read: (*reader).onlyGrant,
		},
		{
			Verb: "breakglass", Words: "emergency break-glass urgent",
			Instead: "This version has no break-glass yet; ask with /jit request and call an approver.",
		},
		{
			Verb: VerbProtect, Usage: "protect <vm>[,<vm>…] [ports]",
			Does: "opens a form that keeps ports shut unless access is granted, for admins",
			Examples: []Example{
				{"protect web-1", "the ports that its policy names"},
				{"protect web-1,web-2 ssh,8443", "the form begins with these ports"},
			},
			Words: "lock secure shut guard harden enable", read: (*reader).protect,
		},
	}
}

// lookingTable has what changes nothing.
func lookingTable() []Spec {
	return []Spec{
		{
			Verb: VerbList, Usage: "list [all]", Does: "shows your grants and waiting requests, or everybody's that you may see",
			Examples: []Example{{"list", "yours"}, {"list all", "everybody's"}},
			Words:    "ls grants requests mine status show active ps pending waiting who whats", read: (*reader).list,
		},
		{
			Verb: VerbVMs, Usage: "vms [text]", Does: "shows VMs, whether they are protected, and what may be asked for",
			Examples: []Example{{"vms", "all that you may see"}, {"vms web", "those with web in name, group or tags"}},
			Words:    "vm machines machine servers server hosts host computers instances find search",
			read:     func(r *reader, v Verb) Command { return Command{Verb: v, Text: searchText(r.rest())} },
		},
		{
			Verb: VerbScan, Usage: "scan [unhealthy|healthy|na] [text]",
			Does: "shows which VMs have open management ports, and by which rule",
			Examples: []Example{
				{"scan", "every VM that you may see"},
				{"scan unhealthy", "those that are open"},
				{"scan na web", "those that cannot be told, with web in name, group or tags"},
			},
			TableHead: "A VM is in the first row that fits:",
			Table:     scanClasses(),
			Words:     "check audit report exposed exposure posture",
			read:      func(r *reader, _ Verb) Command { return r.scan() },
		},
		{
			Verb: VerbExplain, Usage: "explain <vm> [@user]", Does: "is a dry run: may you ask, who approves, what else opens or shuts the port",
			Examples: []Example{{"explain web-1", "for yourself"}, {"explain shop/web-1 @ada", "for somebody else, for admins"}},
			Words:    "why test try dry-run dryrun whoami may", read: (*reader).explain,
		},
		{
			Verb: VerbHistory, Usage: "history [vm, grant or @user] [days]", Does: "shows what was asked, approved, opened and closed",
			Examples: []Example{
				{"history", "of the last 7 days"},
				{"history web-1 30", "of a VM, for 30 days"},
				{"history g-7k2qd", "of a grant, from its first line"},
				{"history @ada 2 days", "of somebody"},
			},
			Words: "log logs record past", read: (*reader).history,
		},
		{
			Verb: VerbHelp, Usage: "help [command]", Does: "lists the commands, or tells of one",
			Examples: []Example{{"help request", "how to ask"}},
			Words:    "? h -h --help -help man usage hilfe aide ayuda commands how what hi hello version", read: (*reader).help,
		},
	}
}

// endingTable has what ends something.
func endingTable() []Spec {
	return []Spec{
		{
			Verb: VerbDone, Usage: "done [grant]", Does: "ends your access early",
			Examples: []Example{{"done g-7k2qd", "the rule is taken away now"}, {"done", "when only one of yours is open"}},
			Words:    "finish finished end close exit logout leave stop quit remove delete rm disconnect", Ends: true, read: (*reader).anyGrant,
		},
		{
			Verb: VerbCancel, Usage: "cancel <grant>", Does: "withdraws your waiting request",
			Examples: []Example{{"cancel g-7k2qd", "nothing is opened"}},
			Words:    "withdraw abort undo remove delete rm drop", Ends: true, read: (*reader).onlyGrant,
		},
		{
			Verb: VerbRevoke, Usage: "revoke <grant> [reason]", Does: "ends somebody's access, for approvers and admins",
			Examples: []Example{{"revoke g-7k2qd the change is over", "its holder reads the reason"}},
			Words:    "remove delete rm kill terminate close end stop kick", Ends: true,
			read: func(r *reader, v Verb) Command { return Command{Verb: v, Grant: r.grant(v), Reason: r.reason()} },
		},
		{
			Verb: VerbDeny, Usage: "deny <grant> <reason>", Does: "denies a request that waits, as the button does, for approvers",
			Examples: []Example{{"deny g-7k2qd ask again after the release", "whoever asked reads the reason"}},
			Words:    "reject no refuse decline veto -1", Ends: true, read: (*reader).deny,
		},
		{
			Verb: VerbUnprotect, Usage: "unprotect <vm>[,<vm>…]", Does: "ends the protection of VMs, for admins",
			Examples: []Example{{"unprotect web-1", "its ports are as they were before"}},
			Notes:    "Nothing is changed by the line: it is said first what becomes reachable for whom, with a button that does it.",
			Words:    "unlock disable unguard", Ends: true, read: (*reader).protect,
		},
	}
}

// scanClasses say how a machine is classified; the first row that fits counts.
func scanClasses() [][2]string {
	return [][2]string{
		{"Healthy", "jitbot or Microsoft Defender for Cloud protects it"},
		{"Not applicable", "no NSG and no firewall is before it"},
		{"Unhealthy", "a rule lets others to 22, 3389, 5985 or 5986"},
		{"Not applicable", "a rule or guard on the way cannot be read"},
		{"Healthy", "only grants and Azure's default rules let in"},
	}
}
