package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"jitbot/jit"
	"jitbot/jit/jittest"
)

// machines is an inventory in memory that counts how often it is listed.
type machines struct {
	vms   []jit.VM
	err   error
	lists int
}

func (m *machines) Subscriptions() []string { return []string{"s"} }

func (m *machines) VMs(context.Context, string) ([]jit.VM, error) {
	m.lists++
	return slices.Clone(m.vms), m.err
}

func names(vms []jit.VM) string {
	var out []string
	for _, vm := range vms {
		out = append(out, vm.Group+"/"+vm.Name)
	}
	return strings.Join(out, " ")
}

func TestFindVMs(t *testing.T) {
	vms := []jit.VM{
		jittest.Machine("prod", "web-01", "role=web", "team=a=b"), jittest.Machine("prod", "web-02", "Role=web"), jittest.Machine("prod", "db-01", "role=db"),
		jittest.Machine("test", "web-01", "role=Web"), jittest.Machine("test", "jump"),
	}
	tests := []struct {
		name  string
		words []string
		want  string // empty: refused
		kind  error
		says  string // what the refusal names
	}{
		{"a name", []string{"jump"}, "test/jump", nil, ""},
		{"in another case", []string{"WEB-02"}, "prod/web-02", nil, ""},
		{"group and name", []string{"TEST/web-01"}, "test/web-01", nil, ""},
		{"an id", []string{strings.ToUpper(vms[4].ID)}, "test/jump", nil, ""},
		{"several, in the order asked", []string{"jump", "db-01"}, "test/jump prod/db-01", nil, ""},
		{"the same by two names", []string{"jump", "test/jump", "JUMP"}, "test/jump", nil, ""},
		{"a tag", []string{"tag:role=web"}, "prod/web-01 prod/web-02", nil, ""},
		{"a tag's name in another case", []string{"TAG:ROLE=Web"}, "test/web-01", nil, ""},
		{"a value with an equals sign", []string{"tag:team=a=b"}, "prod/web-01", nil, ""},
		{"a tag and a name of its own", []string{"tag:role=web", "web-02", "jump"}, "prod/web-01 prod/web-02 test/jump", nil, ""},
		{"names that clash", []string{"web-01"}, "", jit.ErrInput, "prod/web-01, test/web-01"},
		{"a name that is nearly one", []string{"web-03"}, "", jit.ErrNotFound, "did you mean web-01, web-02"},
		{"letters left out", []string{"jmp"}, "", jit.ErrNotFound, "did you mean jump"},
		{"a part of a name", []string{"db"}, "", jit.ErrNotFound, "did you mean db-01"},
		{"nothing like it", []string{"kubernetes-master"}, "", jit.ErrNotFound, "check the name"},
		{"another group", []string{"prod/jump"}, "", jit.ErrNotFound, "prod/jump"},
		{"a tag that nobody has", []string{"tag:role=mail"}, "", jit.ErrInput, "role=mail"},
		{"a tag without a value is a name", []string{"tag:role"}, "", jit.ErrNotFound, "tag:role"},
		{"one of two is unknown", []string{"jump", "kubernetes-master"}, "", jit.ErrNotFound, "kubernetes-master"},
		{"no word", nil, "", jit.ErrInput, "which VM"},
		{"an empty word", []string{""}, "", jit.ErrNotFound, "did you mean"},
		{"a star is no name", []string{"*"}, "", jit.ErrNotFound, "*"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := NewVMCache(&machines{vms: vms})
			got, err := r.Find(t.Context(), tt.words, nil)
			if names(got) != tt.want || !errors.Is(err, tt.kind) {
				t.Fatalf("got %q, %v, want %q, %v", names(got), err, tt.want, tt.kind)
			}
			if err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%q does not say %q", err, tt.says)
			}
		})
	}
}

func TestFindWhereThereAreNoVMs(t *testing.T) {
	r := NewVMCache(&machines{})
	for range 2 {
		if got, err := r.Find(t.Context(), []string{"web-01"}, nil); !errors.Is(err, jit.ErrNotFound) || len(got) > 0 {
			t.Errorf("got %q, %v", names(got), err)
		}
	}
}

func TestVMCacheOffersTheNearestThree(t *testing.T) {
	var vms []jit.VM
	for i := range 2000 {
		vms = append(vms, jittest.Machine("prod", fmt.Sprintf("web-%04d", i)))
	}
	_, err := NewVMCache(&machines{vms: vms}).Find(t.Context(), []string{"web-00011"}, nil)
	if err == nil || strings.Count(err.Error(), "web-") != 4 || !strings.Contains(err.Error(), "web-0001, web-0011") {
		t.Errorf("the refusal is %v", err)
	}
}

func TestVMCacheIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machines{vms: []jit.VM{jittest.Machine("prod", "web-01")}}
		r := NewVMCache(m)
		find := func(word string, lists int, want error) {
			t.Helper()
			if _, err := r.Find(t.Context(), []string{word}, nil); !errors.Is(err, want) || m.lists != lists {
				t.Errorf("%s: %v after %d lists, want %v after %d", word, err, m.lists, want, lists)
			}
		}
		find("web-01", 1, nil)
		time.Sleep(VMsMaxAge - time.Second)
		find("web-01", 1, nil)
		time.Sleep(time.Second)
		find("web-01", 2, nil)
		m.vms = append(m.vms, jittest.Machine("prod", "web-02"))
		find("web-02", 2, jit.ErrNotFound) // just read
		time.Sleep(unknownRetry)
		find("web-02", 3, nil)
		find("web-03", 3, jit.ErrNotFound)
		m.vms = nil
		time.Sleep(unknownRetry)
		find("web-03", 4, jit.ErrNotFound)
	})
}

func TestVMCacheWhenAzureDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machines{vms: []jit.VM{jittest.Machine("prod", "web-01")}, err: jit.ErrBusy}
		r := NewVMCache(m)
		if _, err := r.ListOrStale(t.Context(), VMsMaxAge); !errors.Is(err, jit.ErrBusy) {
			t.Errorf("never read: %v", err)
		}
		m.err = nil
		if _, err := r.ListOrStale(t.Context(), VMsMaxAge); err != nil {
			t.Fatal(err)
		}
		m.err = jit.ErrBusy
		time.Sleep(time.Hour)
		if got, err := r.ListOrStale(t.Context(), VMsMaxAge); err != nil || names(got) != "prod/web-01" {
			t.Errorf("an old list: %q, %v", names(got), err)
		}
	})
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		name, a, b string
		want       int
	}{
		{"the same", "web", "web", 0},
		{"empty", "", "web", 3},
		{"one changed", "web", "wib", 1},
		{"one added", "web", "weeb", 1},
		{"one dropped", "web", "wb", 1},
		{"neighbours swapped", "web", "wbe", 1},
		{"nothing in common", "abc", "xyz", 3},
		{"kitten", "kitten", "sitting", 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Distance(tt.a, tt.b); got != tt.want {
				t.Errorf("Distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
			}
		})
	}
}

func TestDistanceAsLaws(t *testing.T) {
	word := rapid.StringMatching(`[abc]{0,8}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		d := Distance(a, b)
		if d != Distance(b, a) || (d == 0) != (a == b) || d > max(len(a), len(b)) || d < max(len(a)-len(b), len(b)-len(a)) {
			t.Errorf("%q and %q are %d apart, the other way round %d", a, b, d, Distance(b, a))
		}
		if more := Distance(a+"x", b); more < d-1 || more > d+1 {
			t.Errorf("%q and %q are %d apart, with a letter more %d", a, b, d, more)
		}
	})
}
