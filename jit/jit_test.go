package jit_test

import (
	"testing"

	"pgregory.net/rapid"

	"jitbot/jit"
)

func TestIDs(t *testing.T) {
	for id, want := range map[jit.ID]bool{
		"g-7k2qd": true, "g-22222": true, "g-zzzzz": true,
		"": false, "g-": false, "g-7k2q": false, "g-7k2qdd": false, "7k2qd": false, "G-7K2QD": false,
		"g-0k2qd": false, "g-1k2qd": false, "g-ik2qd": false, "g-lk2qd": false, "g-ok2qd": false, "g-uk2qd": false, "g-vk2qd": false,
		"g-7k2qd\n": false, "\tg-7k2qd": false,
	} {
		if got := id.Valid(); got != want {
			t.Errorf("%q is valid: %t, want %t", id, got, want)
		}
	}
}

func TestDeriveIDIsStableAndCountsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.String().Draw(t, "key")
		n := rapid.IntRange(0, 99).Draw(t, "n")
		r := jit.Request{Key: key}
		id := r.DeriveID(n)
		if !id.Valid() || id != r.DeriveID(n) {
			t.Fatalf("DeriveID(%q, %d) = %q", key, n, id)
		}
	})
	seen := map[jit.ID]bool{}
	for n := range 100 {
		seen[jit.Request{Key: "delivery"}.DeriveID(n)] = true
	}
	if len(seen) < 99 {
		t.Errorf("100 tries gave %d ids", len(seen))
	}
}

func TestPortsContain(t *testing.T) {
	tests := []struct {
		name string
		p, q jit.Ports
		want bool
	}{
		{"itself", jit.Ports{From: 22, To: 22, Protocol: jit.TCP}, jit.Ports{From: 22, To: 22, Protocol: jit.TCP}, true},
		{"within", jit.Ports{From: 8000, To: 8010, Protocol: jit.TCP}, jit.Ports{From: 8001, To: 8010, Protocol: jit.TCP}, true},
		{"any protocol holds one", jit.Ports{From: 53, To: 53, Protocol: jit.AnyProtocol}, jit.Ports{From: 53, To: 53, Protocol: jit.UDP}, true},
		{"one does not hold any", jit.Ports{From: 53, To: 53, Protocol: jit.UDP}, jit.Ports{From: 53, To: 53, Protocol: jit.AnyProtocol}, false},
		{"another protocol", jit.Ports{From: 53, To: 53, Protocol: jit.UDP}, jit.Ports{From: 53, To: 53, Protocol: jit.TCP}, false},
		{"over the end", jit.Ports{From: 8000, To: 8010, Protocol: jit.TCP}, jit.Ports{From: 8010, To: 8011, Protocol: jit.TCP}, false},
		{"before the beginning", jit.Ports{From: 8000, To: 8010, Protocol: jit.TCP}, jit.Ports{From: 7999, To: 8000, Protocol: jit.TCP}, false},
		{"around", jit.Ports{From: 8000, To: 8010, Protocol: jit.TCP}, jit.Ports{From: 1, To: 65535, Protocol: jit.TCP}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.p.Contains(tt.q); got != tt.want {
				t.Errorf("%s contains %s: %t, want %t", tt.p, tt.q, got, tt.want)
			}
		})
	}
}
