package program_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"jitbot/jit"
	"jitbot/jit/record"
	"jitbot/store/bolt"
)

// built is where TestMain's folder is, and the program once somebody needs it.
var built struct {
	folder  string
	program func() (string, error)
}

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "jitbot")
	if err != nil {
		panic(err)
	}
	built.folder = folder
	built.program = sync.OnceValues(func() (string, error) {
		// Stamping fails in a checkout of somebody else's; all else is as the
		// tests' own build, whose packages are in the cache.
		out, err := exec.Command("go", "build", "-buildvcs=false", "-o", folder, "jitbot/cmd/jitbot").CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("go build: %w\n%s", err, out)
		}
		return filepath.Join(folder, "jitbot"), nil
	})
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// process is the program while it runs.
type process struct {
	t       testing.TB
	cmd     *exec.Cmd
	out     bytes.Buffer // to be read once it has ended
	err     transcript
	ended   chan struct{}
	failure error
}

// transcript is what a process writes to stderr.
type transcript struct {
	mu    sync.Mutex
	text  bytes.Buffer
	wrote chan struct{} // closed and renewed by each Write
}

// Write implements io.Writer.
func (s *transcript) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wrote != nil {
		close(s.wrote)
	}
	s.wrote = make(chan struct{})
	return s.text.Write(b)
}

// read is what was written until now; wrote is closed when there is more.
func (s *transcript) read() (text string, wrote <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wrote == nil {
		s.wrote = make(chan struct{})
	}
	return s.text.String(), s.wrote
}

// String is what was written until now.
func (s *transcript) String() string {
	text, _ := s.read()
	return text
}

// address waits until the process says where health and metrics are.
func (p *process) address() string {
	p.t.Helper()
	form := regexp.MustCompile(`health and metrics are served.*address"?[=:]"?([0-9.:]+)`)
	for {
		text, wrote := p.err.read()
		if m := form.FindStringSubmatch(text); m != nil {
			return "http://" + m[1]
		}
		select {
		case <-wrote:
		case <-p.ended:
			p.t.Fatalf("it ended before it said where health is:\n%s", text)
		}
	}
}

// start runs the program with the site's configuration.
func (s *site) start(args ...string) *process {
	s.t.Helper()
	return s.startIn("", append(args, "--config", s.file)...)
}

// startIn runs the program in a folder, with the configuration that it finds.
func (s *site) startIn(folder string, args ...string) *process {
	s.t.Helper()
	program, err := built.program()
	if err != nil {
		s.t.Fatal(err)
	}
	p := &process{t: s.t, ended: make(chan struct{})}
	p.cmd = exec.CommandContext(s.ctx, program, args...)
	p.cmd.Dir, p.cmd.Env = folder, s.env
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.err
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		p.failure = p.cmd.Wait()
		close(p.ended)
	}()
	s.t.Cleanup(func() {
		p.kill()
		if s.t.Failed() && args[0] == "run" {
			s.t.Logf("jitbot %s printed:\n%s%s", strings.Join(args, " "), p.out.String(), p.err.String())
		}
	})
	return p
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

// code waits for the end and gives the exit code.
func (p *process) code() int {
	<-p.ended
	if exit := (*exec.ExitError)(nil); p.failure != nil && !errors.As(p.failure, &exit) {
		p.t.Fatal(p.failure)
	}
	return p.cmd.ProcessState.ExitCode()
}

// stop ends it as an operator does, and wants it to go well.
func (p *process) stop() string {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if code := p.code(); code != 0 {
		p.t.Fatalf("exit code %d after SIGTERM", code)
	}
	return p.out.String()
}

// verb runs a command to its end.
func (s *site) verb(args ...string) (out, errs string, code int) {
	s.t.Helper()
	p := s.start(args...)
	code = p.code()
	return p.out.String(), p.err.String(), code
}

// settled opens the store after the program has ended and wants everything
// closed, recorded and told.
func (s *site) settled(id jit.ID) []jit.EventKind {
	s.t.Helper()
	b, err := bolt.Open(s.ctx, s.store(), bolt.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	defer b.Close()
	if err := b.Verify(s.ctx); err != nil {
		s.t.Errorf("the store is not intact: %v", err)
	}
	if g, err := b.Grant(s.ctx, id); err != nil || g.State != jit.Closed {
		s.t.Errorf("the grant %s is %s, %v", id, g.State, err)
	}
	if left, err := b.Notices(s.ctx, 0, 10); err != nil || len(left) > 0 {
		s.t.Errorf("not told: %v, %v", left, err)
	}
	events, err := b.Events(s.ctx, 0, 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	var kinds []jit.EventKind
	var prev jit.Event
	for _, e := range events {
		if err := record.Follows(e, prev); err != nil {
			s.t.Error(err)
		}
		prev = e
		if e.Kind != jit.EventWrote {
			kinds = append(kinds, e.Kind)
		}
	}
	return kinds
}
