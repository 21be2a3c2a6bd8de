package form_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"jitbot/bot/form"
	"jitbot/bot/view"
	"jitbot/jit"
	"jitbot/jit/jittest"
)

// less is a submitted form by which less is approved.
func less(t testing.TB, duration, ports, source string) form.Interaction {
	t.Helper()
	asked := jit.Extent{Ports: []jit.Ports{jittest.TCP(22, 22), jittest.TCP(8000, 8010)}, Sources: jittest.Prefixes("203.0.113.0/24"), Duration: time.Hour}
	of, err := json.Marshal(view.LessOf{ID: "g-7k2qd", Asked: asked})
	if err != nil {
		t.Fatal(err)
	}
	field := func(value string) map[string]any { return map[string]any{"value": value} }
	raw, err := json.Marshal(map[string]any{"view": map[string]any{
		"callback_id": view.FormLess, "private_metadata": string(of),
		"state": map[string]any{"values": map[string]any{
			"duration": map[string]any{"duration": field(duration)}, "ports": map[string]any{"ports": field(ports)},
			"source": map[string]any{"source": field(source)},
		}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	var i form.Interaction
	if err := json.Unmarshal(raw, &i); err != nil {
		t.Fatal(err)
	}
	return i
}

func TestLessIsRead(t *testing.T) {
	typed, got, errs := form.ReadLess(less(t, " 30 min ", "ssh, 8000-8005", "203.0.113.7,203.0.113.128/25"))
	want := jit.Extent{
		Ports: []jit.Ports{{From: 8000, To: 8005}, jittest.TCP(22, 22)}, Sources: jittest.Prefixes("203.0.113.7/32", "203.0.113.128/25"), Duration: 30 * time.Minute,
	}
	if len(errs) > 0 || !got.Equal(want) || typed.ID != "g-7k2qd" || typed.Ports != "ssh, 8000-8005" {
		t.Errorf("read %s of %+v, %v", got, typed, errs)
	}
	all := []string{view.InputDuration, view.InputPorts, view.InputSource}
	for name, tt := range map[string]struct {
		i     form.Interaction
		wrong []string
		says  string
	}{
		"nothing":         {less(t, "", "", ""), all, "Write an address"},
		"no words":        {less(t, "soon", "ftp", "here"), all, "is no port"},
		"more of each":    {less(t, "2h", "22-23", "203.0.112.0/23"), all, "is more than is asked for"},
		"no grant":        {form.Interaction{}, all[:1], "names no grant"},
		"markup":          {less(t, "30m", "22", "<http://evil.example|203.0.113.7>"), all[2:], "is no address"},
		"a long text":     {less(t, "30m", "22", strings.Repeat("1", 10000)), all[2:], "is no address"},
		"another net too": {less(t, "30m", "22", "203.0.113.7 198.51.100.7"), all[2:], "`198.51.100.7/32` is more"},
	} {
		_, _, errs := form.ReadLess(tt.i)
		var wrong []string
		for block := range errs {
			wrong = append(wrong, block)
		}
		if slices.Sort(wrong); !slices.Equal(wrong, tt.wrong) || !strings.Contains(errs.Text(), tt.says) {
			t.Errorf("%s: %v", name, errs)
		}
	}
}

func FuzzReadLess(f *testing.F) {
	f.Add("30m", "22", "203.0.113.7")
	f.Add("", "8000-8010,ssh", "203.0.113.0/25, 2001:db8::/64")
	f.Fuzz(func(t *testing.T, duration, ports, source string) {
		_, got, errs := form.ReadLess(less(t, duration, ports, source))
		if len(errs) == 0 && (got.Duration <= 0 || got.Duration > time.Hour || len(got.Ports) == 0 || len(got.Sources) == 0) {
			t.Errorf("%q, %q, %q are read as %s", duration, ports, source, got)
		}
	})
}
