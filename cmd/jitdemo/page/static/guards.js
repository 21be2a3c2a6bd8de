import { h } from "./dom.js";

const linger = 8000; // how long a change stays marked, in ms
const before = new Map(); // guard's id -> key of a rule -> the rule as it was
const marks = new Map(); // guard's id/key -> {word, rule, guard, news, end}
const folded = new Map(); // guard -> what the reader chose
const touched = new Set(); // guards that had a rule of ours while the page was open
let first = true;
let news = 0; // how often rules were found changed

// keyOf tells a rule from the others of its guard.
const keyOf = (r) => (r.kind ? [r.kind, r.policy, r.rule_group, r.collection, r.name].join("/") : r.name);

// notice compares the rules with those of before and remembers what changed.
export function notice(guards, again) {
  let found = false;
  news += 1;
  for (const g of guards) {
    const was = before.get(g.id);
    const is = new Map(g.rules.map((r) => [keyOf(r), JSON.stringify(r)]));
    if (was && !first) {
      for (const r of g.rules) {
        const old = was.get(keyOf(r));
        if (old !== is.get(keyOf(r))) found = note(g, r, old ? change(JSON.parse(old), r) : "new");
      }
      for (const [key, text] of was) {
        if (!is.has(key)) found = note(g, JSON.parse(text), "removed");
      }
    }
    if (g.rules.some((r) => r.ours)) touched.add(g.id);
    before.set(g.id, is);
  }
  first = false;
  if (found) setTimeout(again, linger + 100);
  return found;
}

// change says what became of a rule; that of a firewall comes in force late.
function change(old, r) {
  if (old.state === r.state) return "changed";
  return r.state ?? "in force now";
}

function note(g, rule, word) {
  marks.set(`${g.id}/${keyOf(rule)}`, { word, rule, news, guard: g.id, end: performance.now() + linger });
  if (rule.ours && word !== "removed") folded.delete(g.id);
  return true;
}

// inOrder puts the guards that the bot writes to before the others.
export const inOrder = (guards) => [...guards].sort((a, b) => touched.has(b.id) - touched.has(a.id));

// marked says which changes are shown now, so that they are redrawn when it changes.
export function marked() {
  for (const [key, m] of marks) if (m.end < performance.now()) marks.delete(key);
  return [...marks].map(([key, m]) => [key, m.word, m.end]);
}

// mark is the change of a rule that is to be seen now, if any.
export const mark = (g, r) => marks.get(`${g.id}/${keyOf(r)}`);

// withGone adds the rules that have just gone to those of the guard.
export function withGone(g) {
  const gone = [...marks.values()].filter((m) => m.guard === g.id && m.word === "removed").map((m) => m.rule);
  return [...g.rules, ...gone.filter((r) => !g.rules.some((x) => keyOf(x) === keyOf(r)))];
}

// box is a guard that can be folded; it is open while the bot uses it.
export function box(g, what, busy, body) {
  const ours = g.rules.filter((r) => r.ours).length;
  const written = g.rules.filter((r) => !r.default).length;
  const el = h("details", { class: "guard", open: folded.get(g.id) ?? touched.has(g.id), "data-guard": g.name },
    h("summary", { "data-key": `guard-${g.id}` }, h("span", { class: "name" }, g.name), h("span", { class: "soft" }, ` ${what} · ${written} ${written === 1 ? "rule" : "rules"}`),
      ours > 0 && h("span", { class: "tag ours" }, `${ours} by jitbot`), g.busy && h("span", { class: "tag fresh" }, busy)),
    body);
  el.addEventListener("click", (ev) => {
    if (ev.target.closest("summary")?.parentElement === el) folded.set(g.id, !el.open);
  });
  return el;
}

// headed is a table with heads of columns.
export const headed = (heads, rows) => h("div", { class: "wide" }, h("table", null,
  h("thead", null, h("tr", null, heads.map((t) => h("th", { scope: "col" }, t)))), h("tbody", null, rows)));

// guardTable draws one group's rules in the order in which they are asked.
export function guardTable(g) {
  const rules = withGone(g).sort((a, b) => a.priority - b.priority);
  return box(g, `in ${g.group}`, "being written", [
    headed(["Priority", "Name", "Access", "From", "Port", "To"], rules.map((r) => row(g, r))),
    g.outbound > 0 && h("p", { class: "soft note" }, `${g.outbound} outbound ${g.outbound === 1 ? "rule is" : "rules are"} not shown.`),
  ]);
}

function row(g, r) {
  const m = mark(g, r);
  return h("tr", { class: ["rule", r.ours && "ours", r.default && "default", m?.word].filter(Boolean).join(" "), "data-rule": r.name, "data-news": m?.news },
    h("td", { class: "num" }, r.priority),
    h("td", null, h("span", { class: "mono" }, r.name), m && h("span", { class: "tag fresh" }, m.word), about(r)),
    h("td", null, h("span", { class: r.access === "Allow" ? "tag ok" : "tag no" }, r.access)),
    h("td", { class: "mono" }, each(r.source)), h("td", { class: "mono" }, ports(r)), h("td", { class: "mono" }, each(r.destination)));
}

// about says whose a rule of ours is, and what a rule says of itself.
export const about = (r) => [
  r.ours && h("span", { class: "about" }, r.grant ? `by jitbot, for grant ${r.grant}` : "by jitbot, for protected VMs"),
  r.description && h("span", { class: "about" }, r.description),
];

// ports are those of a rule, with its protocol.
export const ports = (r) => [r.ports === "*" ? "any" : each(r.ports), protocol(r)];

export const protocol = (r) => h("span", { class: "soft" }, ` ${["*", "Any"].includes(r.protocol) ? "any" : r.protocol.toUpperCase()}`);

// each puts what is in a list on a line of its own; long tags such as
// AzureLoadBalancer may break between their words.
export const each = (text) => text.split(", ").map((part) => h("span", { class: "part" }, part.split(/(?<=[a-z])(?=[A-Z])/).flatMap((word, i) => (i > 0 ? [h("wbr"), word] : [word]))));
