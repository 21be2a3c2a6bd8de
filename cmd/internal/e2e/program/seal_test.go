package program_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jitbot/jit"
	"jitbot/jit/record"
	"jitbot/store/bolt"
	"jitbot/store/segment"
)

// aged gives the site a record with old lines, and the anchor of one of them.
func (s *site) aged() record.Anchor {
	s.t.Helper()
	b, err := bolt.Open(s.ctx, s.store(), bolt.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	for month := range 3 {
		e := jit.Event{At: time.Now().AddDate(-2, month, 0), Kind: jit.EventCopied, Actor: jit.Person{ID: "host:root"}}
		if err := b.Append(s.ctx, e, e); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := b.Append(s.ctx, jit.Event{At: time.Now(), Kind: jit.EventCopied, Actor: jit.Person{ID: "host:root"}}); err != nil {
		s.t.Fatal(err)
	}
	old, err := b.Events(s.ctx, 2, 1)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		s.t.Fatal(err)
	}
	return record.At(old[0])
}

// What is old leaves the store of the running bot, and the record is one: of the bot, of
// the stopped one, of an export, and of a backup with the segments and without.
func TestProgramSealsTheRecord(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	anchor := s.aged()
	p := s.start("run")
	for said, wrote := p.err.read(); strings.Count(said, "old lines of the record were sealed") < 3; said, wrote = p.err.read() {
		select {
		case <-wrote:
		case <-s.ctx.Done():
			t.Fatal("the record is not sealed")
		}
	}
	s.want(0, "proved complete up to line 3", "audit", "verify", "--anchor", anchor.String())
	exported, errs, code := s.verb("audit", "export")
	if code != 0 || !strings.HasPrefix(exported, `{"seq":1,`) {
		t.Errorf("export: exit %d, %s\n%.200s", code, errs, exported)
	}
	folder := t.TempDir()
	lines, copied := filepath.Join(folder, "record.jsonl"), filepath.Join(folder, "copy.db")
	s.write(lines, exported)
	s.want(0, "proved complete up to line 3", "audit", "verify", "--anchor", anchor.String(), lines)
	s.want(0, "is a whole copy of the store", "backup", copied)
	p.stop()
	s.want(0, "proved complete up to line 3", "audit", "verify", "--anchor", anchor.String())
	s.want(0, "Lines 1 to 6 are in sealed segments, which are not beside the file", "audit", "verify", copied)
	s.want(2, "those are not beside the file", "audit", "verify", "--anchor", anchor.String(), copied)
	if err := os.CopyFS(segment.Dir(copied), os.DirFS(segment.Dir(s.store()))); err != nil {
		t.Fatal(err)
	}
	s.want(0, "proved complete up to line 3", "audit", "verify", "--anchor", anchor.String(), copied)
	sealed, err := filepath.Glob(filepath.Join(segment.Dir(s.store()), "*.jsonl.zst"))
	if err != nil || len(sealed) != 3 {
		t.Fatalf("segments %v, %v", sealed, err)
	}
	if err := os.Remove(sealed[1]); err != nil {
		t.Fatal(err)
	}
	s.want(1, filepath.Base(sealed[1]), "audit", "verify")
	s.want(1, filepath.Base(sealed[1]), "audit", "export")
}
