package program_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"jitbot/bot/slacksim"
	"jitbot/cmd/internal/host"
	"jitbot/jit"
	"jitbot/store/bolt"
)

// opened is a bot that runs, and a grant of it that is open.
func opened(t *testing.T) (*site, *process, jit.ID) {
	t.Helper()
	s := newSite(t)
	p := s.start("run")
	id := s.request("1h")
	s.approve()
	s.awaitTold("is open until")
	return s, p, id
}

// status is what jitbot list --json prints.
func (s *site) status() host.Status {
	s.t.Helper()
	out, errs, code := s.verb("list", "--json")
	var status host.Status
	if err := json.Unmarshal([]byte(out), &status); err != nil || code != 0 || errs != "" {
		s.t.Fatalf("list: exit %d, %v\n%s%s", code, err, out, errs)
	}
	return status
}

// want runs a command that must end with the code and say the words.
func (s *site) want(code int, words string, args ...string) {
	s.t.Helper()
	out, errs, got := s.verb(args...)
	if got != code || !strings.Contains(out+errs, words) || strings.Contains(errs, "goroutine") {
		s.t.Errorf("jitbot %s: exit %d, want %d and %q\n%s%s", strings.Join(args, " "), got, code, words, out, errs)
	}
}

// actors lists who did what, of the store while nobody has it open.
func (s *site) actors(kind jit.EventKind) []jit.UserID {
	s.t.Helper()
	b, err := bolt.Open(s.ctx, s.store(), bolt.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	defer b.Close()
	events, err := b.Events(s.ctx, 0, 10000)
	if err != nil {
		s.t.Fatal(err)
	}
	var out []jit.UserID
	for _, e := range events {
		if e.Kind == kind {
			out = append(out, e.Actor.ID)
		}
	}
	return out
}

func self() jit.UserID { return host.User(uint32(os.Geteuid())) }

func TestHostCommandsOfARunningBot(t *testing.T) {
	t.Parallel()
	s, p, id := opened(t)
	status := s.status()
	if len(status.Grants) != 1 || status.Grants[0].ID != id || status.Grants[0].State != jit.Open || !status.Running || len(status.Stuck) != 0 {
		t.Errorf("list: %+v", status)
	}
	completion := s.startIn("", "__complete", "--config", s.file, "revoke", "")
	if completion.code() != 0 || !strings.Contains(completion.out.String(), string(id)+"\topen, web-1") {
		t.Errorf("the shell is offered %q", completion.out.String())
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	s.want(0, "is a whole copy of the store", "backup", copied)
	s.want(1, "is there already", "backup", copied)
	s.want(0, "is a whole copy of the store", "backup", "--force", copied)
	if info, err := os.Stat(copied); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy is %v, %v", info, err)
	}
	s.want(2, "There is no grant g-22222", "revoke", "g-22222")
	s.want(2, "is no grant", "revoke", "web-1")
	s.want(1, "write --yes", "revoke", "--all")
	if len(s.rules()) != 2 {
		t.Errorf("the rules are %q", s.rules())
	}
	s.want(0, "is closed: nothing of it is open", "revoke", string(id))
	if left := s.rules(); len(left) > 0 {
		t.Errorf("closed was said with the rules %q", left)
	}
	s.want(0, "is closed", "revoke", string(id)) // once more
	s.awaitTold("is closed")
	s.awaitClosed()
	if _, err := s.slack.Slash(s.ctx, slacksim.DemoEngineerID, slacksim.DemoChannelID, "/jit", "request web-1 22 5m from 203.0.113.7 for more logs"); err != nil {
		t.Fatal(err)
	}
	s.awaitSlack("the second card", func(n *slacksim.Snapshot) bool {
		return slices.ContainsFunc(n.Messages(slacksim.DemoChannelID), func(m slacksim.Message) bool { _, ok := m.Button(approveButton); return ok })
	})
	s.want(0, "is cancelled: nothing of it is open", "revoke", "--all", "--yes")
	s.awaitTold("Withdrawn by")
	s.want(0, "Nothing is open", "revoke", "--all", "--yes")
	p.stop()
	if _, err := os.Stat(host.Path(s.store())); err == nil {
		t.Error("the socket is left")
	}
	if got := s.actors(jit.EventClosing); len(got) != 1 || got[0] != self() {
		t.Errorf("ended by %q", got)
	}
	if got := s.actors(jit.EventCancelled); len(got) != 1 || got[0] != self() {
		t.Errorf("withdrawn by %q", got)
	}
	if got := s.actors(jit.EventCopied); len(got) != 2 || got[0] != self() {
		t.Errorf("copied by %q", got)
	}
	s.restore(copied, id)
}

// restore starts the program elsewhere, on a copy that calls the grant open.
func (s *site) restore(copied string, id jit.ID) {
	s.t.Helper()
	data, err := os.ReadFile(copied)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = os.Remove(s.store() + ".newest")
	s.write(s.store(), string(data))
	p := s.start("run")
	s.awaitTold("is closed")
	for len(s.status().Grants) > 0 { // each a command of its own
		if s.ctx.Err() != nil {
			s.t.Fatal("the copy's grant stays open")
		}
	}
	if rules := s.rules(); len(rules) > 0 {
		s.t.Errorf("the copy opened %q", rules)
	}
	p.stop()
	s.settled(id)
}

func TestHostCommandsOfAStoppedBot(t *testing.T) {
	t.Parallel()
	s, p, id := opened(t)
	p.kill()
	if status := s.status(); len(status.Grants) != 1 || status.Running {
		t.Errorf("list: %+v", status)
	}
	s.want(0, "No bot runs with this store", "list")
	s.want(1, "  az network nsg rule delete --ids ", "revoke", "--no-wait", string(id))
	s.want(0, "  closing ", "list")
	good, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	s.write(s.file, strings.ReplaceAll(string(good), s.armURL, "https://127.0.0.1:1"))
	s.want(1, "not gone yet", "revoke", string(id))
	if len(s.rules()) != 2 {
		t.Errorf("the rules are %q", s.rules())
	}
	s.write(s.file, strings.Replace(string(good), "installation: prod", "installation: test", 1))
	s.want(1, "belongs to installation prod", "revoke", string(id))
	s.write(s.file, string(good))
	s.want(0, "is closed: nothing of it is open", "revoke", string(id))
	if left := s.rules(); len(left) > 0 {
		t.Errorf("closed was said with the rules %q", left)
	}
	s.want(2, "There is no grant", "revoke", "g-22222")
	s.want(0, "Nothing is open", "list")
	s.want(0, "is a whole copy", "backup", s.store()+".copy")
	if got := s.actors(jit.EventClosing); len(got) != 1 || got[0] != self() {
		t.Errorf("ended by %q", got)
	}
	p = s.start("run")
	s.awaitTold("is closed") // told once Slack is there again
	s.awaitSlack("the card's last form", func(n *slacksim.Snapshot) bool {
		return len(n.Messages(slacksim.DemoChannelID)[0].Buttons()) == 0
	})
	p.stop()
	s.settled(id)
}

func TestHostCommandsOfADamagedStore(t *testing.T) {
	t.Parallel()
	s, p, id := opened(t)
	p.kill()
	s.write(s.store(), "no store any more")
	s.want(1, "is not a store of jitbot", "list")
	s.want(1, "is not a store of jitbot", "backup", s.store()+".copy")
	s.want(2, "is no grant", "revoke", "web-1")
	s.want(0, "This is not in the record", "revoke", string(id))
	if left := s.rules(); len(left) > 0 {
		t.Errorf("gone was said with the rules %q", left)
	}
	if err := os.Remove(s.store()); err != nil {
		t.Fatal(err)
	}
	s.want(1, "there is no store", "list")
	if _, err := os.Stat(s.store()); err == nil {
		t.Error("a command made a store")
	}
}

// A bot that hangs is told from one that does not run, and nothing waits for it for ever.
func TestHostCommandsOfAHungBot(t *testing.T) {
	t.Parallel()
	s, p, id := opened(t)
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	s.want(1, "runs and does not answer", "list")
	s.want(1, "runs and does not answer", "revoke", string(id))
	if err := os.Remove(host.Path(s.store())); err != nil {
		t.Fatal(err)
	}
	s.want(1, "has no socket", "list")
	if err := p.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if len(s.rules()) == 0 {
		t.Error("nothing was to be closed behind the back of a bot that runs")
	}
}

// Another account than the bot's is refused, also where the files let it in.
func TestHostRefusesAnotherAccount(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	s, p, id := opened(t)
	program, err := built.program()
	if err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (string, error) {
		cmd := exec.CommandContext(s.ctx, program, append(args, "--config", s.file)...)
		cmd.Env = s.env
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, path := range []string{built.folder, filepath.Dir(s.file), filepath.Dir(filepath.Dir(s.file))} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(s.file, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := run("list"); err == nil || !strings.Contains(out, "is for the account that jitbot runs as") {
		t.Errorf("%v: %s", err, out)
	}
	if err := os.Chmod(host.Path(s.store()), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"list"}, {"revoke", string(id)}, {"backup", filepath.Join(os.TempDir(), "stolen.db")}} {
		if out, err := run(args...); err == nil || !strings.Contains(out, "is not the account that jitbot runs as") {
			t.Errorf("%q: %v: %s", args, err, out)
		}
	}
	if len(s.rules()) != 2 {
		t.Errorf("the rules are %q", s.rules())
	}
	p.stop()
	if got := s.actors(jit.EventRejected); len(got) != 1 || got[0] != host.User(65534) {
		t.Errorf("refused in the record: %q", got)
	}
}
