package slacksim

// The people and places that SeedDemo makes. Their e-mail addresses are those
// of the directory that a demonstration puts beside the workspace.
const (
	DemoTeamID      = "T0CONTOSO"
	DemoChannelID   = "C0APPROVALS" // #jit-approvals, the bot is a member
	DemoGeneralID   = "C0GENERAL"   // #general, public, the bot is not a member
	DemoApproversID = "S0APPROVERS" // @jit-approvers: Grace and Linus

	DemoEngineerID  = "U0ADA"
	DemoApproverID  = "U0GRACE"
	DemoApprover2ID = "U0LINUS"
	DemoOutsiderID  = "U0MALLORY" // a full member without any Azure role
	DemoGuestID     = "U0GUS"     // a guest, in #general only

	DemoEngineerEmail  = "ada@contoso.example"
	DemoApproverEmail  = "grace@contoso.example"
	DemoApprover2Email = "linus@contoso.example"
	DemoOutsiderEmail  = "mallory@contoso.example"
	DemoGuestEmail     = "gus@fabrikam.example"
)

// SeedDemo fills a workspace for demonstrations and tests: an engineer (Ada),
// two approvers (Grace, Linus), somebody without rights (Mallory), a guest
// (Gus), #jit-approvals, #general, and the approvers' group.
func SeedDemo(s *Sim) {
	for _, u := range []User{
		{ID: DemoEngineerID, Name: "ada", RealName: "Ada Lovelace", Email: DemoEngineerEmail, TZ: "Europe/London"},
		{ID: DemoApproverID, Name: "grace", RealName: "Grace Hopper", Email: DemoApproverEmail, TZ: "America/New_York", Admin: true},
		{ID: DemoApprover2ID, Name: "linus", RealName: "Linus Larsen", Email: DemoApprover2Email, TZ: "Europe/Helsinki"},
		{ID: DemoOutsiderID, Name: "mallory", RealName: "Mallory Mink", Email: DemoOutsiderEmail, TZ: "Europe/Berlin"},
		{ID: DemoGuestID, Name: "gus", RealName: "Gus Guest", Email: DemoGuestEmail, TZ: "Europe/Paris", Restricted: true},
	} {
		s.AddUser(u)
	}
	bot := s.Options().BotUserID
	s.AddChannel(Channel{
		ID: DemoChannelID, Name: "jit-approvals",
		Members: []string{DemoEngineerID, DemoApproverID, DemoApprover2ID, DemoOutsiderID, bot},
	})
	s.AddChannel(Channel{
		ID: DemoGeneralID, Name: "general",
		Members: []string{DemoEngineerID, DemoApproverID, DemoApprover2ID, DemoOutsiderID, DemoGuestID},
	})
	s.AddGroup(Group{
		ID: DemoApproversID, Handle: "jit-approvers", Name: "JIT approvers",
		Users: []string{DemoApproverID, DemoApprover2ID},
	})
}
