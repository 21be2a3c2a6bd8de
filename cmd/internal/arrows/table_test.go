package arrows_test

import "slices"

const module = "jitbot"

// row says what of ours a package may import directly; the standard library
// always. Packages are named below the module.
type row struct {
	pkg string
	may []string
	why string // what the package is, and so why no more
}

// table has a row for every package of the module.
func table() []row {
	return slices.Concat(domain(), adapters(), simulators(), programs(), tests())
}

// domain is standard library only, and each package sees only what stands
// before it.
func domain() []row {
	return []row{
		{"jit/resource", nil, "ids are text"},
		{"jit/ipset", nil, "sets are pure"},
		{"jit/text", nil, "how things are written knows nothing of them"},
		{"jit/schedule", nil, "a schedule is times of the day and the week"},
		{"jit/clock", nil, "a clock knows nothing that it is read for"},
		{"jit/workqueue", nil, "a queue knows nothing of its work"},
		{"jit/rbac", []string{"jit/resource"}, "who holds which action is a matter of scopes"},
		{"jit/guardpath", []string{"jit/resource"}, "what stands before a VM is a noun of grants and protections"},
		{"jit", []string{"jit/guardpath", "jit/ipset", "jit/resource", "jit/schedule", "jit/text"}, "the nouns and their transitions know nobody who uses them"},
		{"jit/protection", []string{"jit", "jit/guardpath", "jit/resource"}, "a protection is a noun with its transitions"},
		{"jit/policies", []string{"jit", "jit/guardpath", "jit/ipset", "jit/protection", "jit/resource", "jit/schedule"}, "what the configuration says is read of nouns"},
		{"jit/inventory", []string{"jit", "jit/resource"}, "a list of VMs knows nothing of what opens"},
		{"jit/parse", []string{"jit", "jit/text"}, "words are read without knowing what for"},
		{"jit/route", []string{"jit", "jit/guardpath", "jit/ipset", "jit/resource"}, "which guards are on a way is read from nouns"},
		{"jit/rules", []string{"jit", "jit/guardpath", "jit/ipset", "jit/policies", "jit/protection", "jit/resource", "jit/text"}, "what is desired is a function of nouns and time"},
		{"jit/reach", []string{"jit", "jit/ipset", "jit/resource", "jit/rules", "jit/text"}, "who reaches a VM is computed from rules"},
		{
			"jit/admission",
			[]string{
				"jit", "jit/clock", "jit/guardpath", "jit/inventory", "jit/ipset", "jit/policies", "jit/protection", "jit/rbac", "jit/reach",
				"jit/resource", "jit/route", "jit/rules", "jit/text", "jit/workqueue",
			},
			"whether something may be knows nobody who does it",
		},
		{"jit/passes", []string{"jit", "jit/guardpath", "jit/resource"}, "what is kept between passes is kept without reading or writing anything"},
		{"jit/closings", []string{"jit", "jit/resource"}, "what is due is remembered without reading or writing anything"},
		{
			"jit/enforce",
			[]string{"jit", "jit/admission", "jit/protection", "jit/route"},
			"which VMs there are is told it by the loop",
		},
		{
			"jit/reconcile",
			[]string{
				"jit", "jit/admission", "jit/clock", "jit/closings", "jit/enforce", "jit/guardpath", "jit/inventory", "jit/ipset", "jit/passes", "jit/policies",
				"jit/protection", "jit/reach", "jit/resource", "jit/route", "jit/rules", "jit/text", "jit/workqueue",
			},
			"the loop serves nobody's requests",
		},
		{"jit/record", []string{"jit", "jit/resource"}, "what is done with the record once it is written needs its lines only"},
		{"jit/sweep", []string{"jit", "jit/admission", "jit/resource", "jit/rules", "jit/workqueue"}, "it has no store"},
		{"jit/digest", []string{"jit", "jit/admission", "jit/inventory", "jit/policies", "jit/reach", "jit/record", "jit/workqueue"}, "what is told on a schedule changes nothing"},
		{
			"jit/lookup",
			[]string{
				"jit", "jit/admission", "jit/inventory", "jit/policies", "jit/protection", "jit/reach", "jit/record", "jit/resource", "jit/route",
				"jit/rules",
			},
			"what people see is what is stored and what Azure says",
		},
		{
			"jit/access",
			[]string{
				"jit", "jit/admission", "jit/guardpath", "jit/inventory", "jit/ipset", "jit/lookup", "jit/parse", "jit/policies", "jit/protection",
				"jit/reach", "jit/record", "jit/resource", "jit/route", "jit/rules", "jit/text",
			},
			"of the loop it needs three methods, and declares them",
		},
		{"jit/outbox", []string{"jit", "jit/protection", "jit/reach", "jit/workqueue"}, "what is told is read from the record"},
		{
			"jit/preflight",
			[]string{"jit", "jit/admission", "jit/ipset", "jit/policies", "jit/protection", "jit/reach", "jit/resource", "jit/route", "jit/rules"},
			"what would be refused is asked of those who refuse",
		},
	}
}

// adapters speak to one outside each, and do not know each other.
func adapters() []row {
	return []row{
		{"bot", with("bot/command", "bot/form", "bot/view"), "an adapter does not import another"},
		{"bot/command", nouns("jit/parse", "jit/reach"), "what was typed is text, and names a class of exposure at most"},
		{"bot/form", nouns("jit/access", "jit/lookup", "jit/parse", "bot/command", "bot/view"), "what came back in a form is what a view asked for"},
		{"bot/view", with("bot/command"), "what is shown needs no connection"},
		{"jit/azure", with(), "an adapter does not import another"},
		{"store", with(), "what every store shares knows none of them"},
		{"store/bolt", with("store"), "an adapter does not import another"},
		{"store/segment", []string{"jit", "jit/record", "store"}, "what has left the store is lines"},
	}
}

// simulators speak the wire: jitdemo serves them, and the adapters are tested
// against what is not their own.
func simulators() []row {
	const why = "a simulator speaks the wire and knows nothing of ours"
	return []row{{"bot/slacksim", nil, why}, {"jit/azure/azuresim", nil, why}}
}

// programs tie the adapters together. Only jitdemo simulates.
func programs() []row {
	return []row{
		{"cmd/internal/config", with(), "a configuration connects to nothing"},
		{"cmd/internal/host", nouns("jit/record"), "what is said over the socket is nouns"},
		{"cmd/internal/alert", []string{"jit/clock"}, "it tells what it is given, to one URL"},
		{
			"cmd/internal/app",
			with(
				"bot", "bot/view", "jit/azure", "store", "store/bolt", "store/segment", "cmd/internal/alert", "cmd/internal/config", "cmd/internal/host",
			),
			"the bot put together",
		},
		{
			"cmd/internal/check",
			with("bot", "jit/azure", "store", "store/bolt", "cmd/internal/app", "cmd/internal/config"),
			"it tries what the bot needs",
		},
		{
			"cmd/jitbot",
			nouns("jit/parse", "jit/record", "store", "cmd/internal/app", "cmd/internal/check", "cmd/internal/config", "cmd/internal/host"),
			"a file a verb, and no more",
		},
		{
			"cmd/jitdemo",
			with("bot/slacksim", "jit/azure/azuresim", "store", "store/bolt", "cmd/internal/app", "cmd/internal/config", "cmd/jitdemo/page"),
			"the bot over both simulators",
		},
		{"cmd/jitdemo/page", with("bot/slacksim", "jit/azure/azuresim"), "the page shows what is simulated"},
	}
}

// tests are packages that only tests import, so that no row names them.
func tests() []row {
	const only = "tests only: nothing but tests is in it"
	return []row{
		{"store/storetest", with("store"), "the suite that every store passes"},
		{"jit/jittest", nouns("jit/policies", "jit/rules"), "the values that tests of the domain start from"},
		{
			"cmd/internal/e2e/simulated",
			with("bot/slacksim", "jit/azure", "jit/azure/azuresim", "store", "store/bolt", "cmd/internal/app", "cmd/internal/config"),
			"the world that tests of whole lives share",
		},
		{"cmd/internal/arrows", nil, only},
		{"cmd/internal/e2e", nil, only},
		{"cmd/internal/e2e/crash", nil, only},
		{"cmd/internal/e2e/decide", nil, only},
		{"cmd/internal/e2e/firewall", nil, only},
		{"cmd/internal/e2e/pace", nil, only},
		{"cmd/internal/e2e/program", nil, only},
		{"cmd/internal/e2e/protect", nil, only},
		{"cmd/internal/e2e/store", nil, only},
		{"cmd/internal/sim", nil, only},
	}
}

// with is the whole domain and more.
func with(more ...string) []string {
	var out []string
	for _, r := range domain() {
		out = append(out, r.pkg)
	}
	return append(out, more...)
}

// nouns are the packages of the domain that decide nothing, and more.
func nouns(more ...string) []string {
	return append([]string{"jit", "jit/ipset", "jit/resource", "jit/text"}, more...)
}
