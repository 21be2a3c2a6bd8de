package bolt_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"jitbot/jit"
	"jitbot/jit/guardpath"
	"jitbot/store"
	"jitbot/store/bolt"
)

// refused opens what must not open and checks the sentence.
func refused(t *testing.T, path string, want error, says string) {
	t.Helper()
	b, err := bolt.Open(t.Context(), path, bolt.Options{Timeout: time.Millisecond})
	if err == nil {
		_ = b.Close()
		t.Fatalf("opened, want %v", want)
	}
	if !errors.Is(err, want) {
		t.Errorf("%v (%T), want %v", err, err, want)
	}
	for _, text := range []string{says, "jitbot sweep"} {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q does not say %q", err, text)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("%q is more than a sentence", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(path string) error
		want error
		says string
	}{
		{"no folder", func(path string) error { return os.Remove(filepath.Dir(path)) }, store.ErrForeign, "create it"},
		{"a folder", func(path string) error { return os.Mkdir(path, 0o700) }, store.ErrForeign, "regular file"},
		{"a pipe", func(path string) error { return syscall.Mkfifo(path, 0o600) }, store.ErrForeign, "regular file"},
		{"group may read", created(0o640), bolt.ErrExposed, "chmod 600"},
		{"world may write", created(0o602), bolt.ErrExposed, "chmod 600"},
		{"text", wrote(strings.Repeat("all work and no play\n", 9999)), store.ErrForeign, "move it away"},
		{"one byte", wrote("x"), store.ErrForeign, "move it away"},
		{"zeros", wrote(string(make([]byte, 1<<16))), store.ErrForeign, "move it away"},
		{"another program's", foreign, store.ErrForeign, "another program"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "sub", "jitbot.db")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := test.make(path); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(regular(path))
			refused(t, path, test.want, test.says)
			if after, _ := os.ReadFile(regular(path)); string(before) != string(after) {
				t.Error("a refused file was changed")
			}
		})
	}
}

// regular is the path, or none where reading would wait.
func regular(path string) string {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	return path
}

func wrote(content string) func(string) error {
	return func(path string) error { return os.WriteFile(path, []byte(content), 0o600) }
}

func created(mode os.FileMode) func(string) error {
	return func(path string) error {
		b, err := bolt.Open(context.Background(), path, bolt.Options{})
		if err != nil {
			return err
		}
		return errors.Join(b.Close(), os.Chmod(path, mode))
	}
}

func foreign(path string) error {
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("theirs"))
		return err
	})
	return errors.Join(err, db.Close())
}

func TestOpenCreates0600(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	info, err := os.Stat(filepath.Join(dir, "jitbot.db"))
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v; want mode 0600", info.Mode(), err)
	}
}

func TestOpenHonoursContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	dir := t.TempDir()
	open(t, dir)
	cancel()
	_, err := bolt.Open(ctx, filepath.Join(dir, "jitbot.db"), bolt.Options{Timeout: time.Hour})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
}

// childVariable makes the test binary a second process: it opens the store of
// that path, writes until it is killed, and prints the id of each grant that is
// stored.
const childVariable = "JITBOT_TEST_STORE"

func TestMain(m *testing.M) {
	if path := os.Getenv(childVariable); path != "" {
		fmt.Println(writeForEver(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func writeForEver(path string) error {
	b, err := bolt.Open(context.Background(), path, bolt.Options{})
	if err != nil {
		return err
	}
	errs := make(chan error)
	for worker := range 4 {
		go func() {
			for i := 0; ; i++ {
				id := jit.ID(fmt.Sprintf("g-%d-%d-%d", os.Getpid(), worker, i))
				if err := errors.Join(life(b, id)); err != nil {
					errs <- err
					return
				}
				fmt.Println(id)
			}
		}()
	}
	return <-errs
}

// life stores a grant and lets it begin.
func life(b *bolt.Store, id jit.ID) error {
	ctx, now := context.Background(), time.Now()
	g, e := jit.NewGrant(id, jit.Request{At: now, Duration: time.Hour})
	if err := b.Create(ctx, g, e); err != nil {
		return err
	}
	_, err := b.Update(ctx, id, func(g jit.Grant) (jit.Grant, []jit.Event, error) {
		g, first, err := g.Permit(jit.Person{ID: "U1"}, now)
		if err != nil {
			return g, nil, err
		}
		g, second, err := g.Begin([]guardpath.Path{{VM: "vm", Guard: "Guard"}}, time.Minute, now)
		return g, []jit.Event{first, second}, err
	})
	return err
}

// child starts a second process on the store and gives what it prints.
func child(t *testing.T, path string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childVariable+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// kill ends the process without warning and gives the ids it still printed.
func kill(t *testing.T, cmd *exec.Cmd, out *bufio.Scanner) []jit.ID {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var ids []jit.ID
	for out.Scan() {
		ids = append(ids, jit.ID(out.Text()))
	}
	if err := out.Err(); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	return ids
}

func TestSecondProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jitbot.db")
	cmd, out := child(t, path)
	out.Scan()
	refused(t, path, store.ErrInUse, "stop that one")
	kill(t, cmd, out)
	open(t, filepath.Dir(path))

	refused(t, path, store.ErrInUse, "stop that one") // within one process too
}

// TestKill kills a process that writes, again and again: whatever it was told
// is stored is there, and the store is consistent.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "jitbot.db")
	acked := make(map[jit.ID]bool)
	for round := range 20 {
		cmd, out := child(t, path)
		for range 1 + 7*round%40 {
			if !out.Scan() {
				t.Fatalf("round %d: the child ended by itself", round)
			}
			acked[jit.ID(out.Text())] = true
		}
		for _, id := range kill(t, cmd, out) {
			acked[id] = true
		}
		b, err := bolt.Open(t.Context(), path, bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for id := range acked {
			if g, err := b.Grant(t.Context(), id); err != nil || g.State != jit.Opening || g.Clock.Begun.IsZero() {
				t.Errorf("round %d: %s was answered and is %q: %v", round, id, g.State, err)
			}
		}
		if err := errors.Join(b.Verify(t.Context()), b.Close()); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
	}
	if len(acked) < 20 {
		t.Errorf("only %d answers in 20 rounds", len(acked))
	}
}
