import { h } from "./dom.js";

const linger = 8000; // how long a change stays marked, in ms
const before = new Map(); // guard's id -> name -> rule as it was
const marks = new Map(); // guard/rule -> {word, rule, end}
const folded = new Map(); // guard -> what the reader chose
const touched = new Set(); // guards that had a rule of ours while the page was open
let first = true;

// notice compares the rules with those of before and remembers what changed.
export function notice(guards, again) {
  let found = false;
  for (const g of guards) {
    const was = before.get(g.id);
    const is = new Map(g.rules.map((r) => [r.name, JSON.stringify(r)]));
    if (was && !first) {
      for (const r of g.rules) {
        if (was.get(r.name) !== is.get(r.name)) found = mark(g, r, was.has(r.name) ? "changed" : "new");
      }
      for (const [name, text] of was) {
        if (!is.has(name)) found = mark(g, JSON.parse(text), "removed");
      }
    }
    if (g.rules.some((r) => r.ours)) touched.add(g.id);
    before.set(g.id, is);
  }
  first = false;
  if (found) setTimeout(again, linger + 100);
  return found;
}

function mark(g, rule, word) {
  marks.set(`${g.id}/${rule.name}`, { word, rule, guard: g.id, end: performance.now() + linger });
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

// guardTable draws one group's rules in the order in which they are asked.
export function guardTable(g) {
  const gone = [...marks.values()].filter((m) => m.guard === g.id && m.word === "removed").map((m) => m.rule);
  const rules = [...g.rules, ...gone.filter((r) => !g.rules.some((x) => x.name === r.name))].sort((a, b) => a.priority - b.priority);
  const ours = g.rules.filter((r) => r.ours).length;
  const open = folded.get(g.id) ?? touched.has(g.id);
  const written = g.rules.filter((r) => !r.default).length;
  const el = h("details", { class: "guard", open, "data-guard": g.name },
    h("summary", { "data-key": `guard-${g.id}` }, h("span", { class: "name" }, g.name), h("span", { class: "soft" }, ` in ${g.group} · ${written} ${written === 1 ? "rule" : "rules"}`),
      ours > 0 && h("span", { class: "tag ours" }, `${ours} by jitbot`), g.busy && h("span", { class: "tag" }, "being written")),
    h("div", { class: "wide" }, h("table", null,
      h("thead", null, h("tr", null, ["Priority", "Name", "Access", "From", "Port", "To"].map((t) => h("th", { scope: "col" }, t)))),
      h("tbody", null, rules.map((r) => row(g, r))))),
    g.outbound > 0 && h("p", { class: "soft note" }, `${g.outbound} outbound ${g.outbound === 1 ? "rule is" : "rules are"} not shown.`));
  el.addEventListener("click", (ev) => {
    if (ev.target.closest("summary")) folded.set(g.id, !el.open);
  });
  return el;
}

function row(g, r) {
  const m = marks.get(`${g.id}/${r.name}`);
  const proto = r.protocol === "*" ? "any" : r.protocol.toUpperCase();
  const allow = r.access === "Allow";
  return h("tr", { class: ["rule", r.ours && "ours", r.default && "default", m?.word].filter(Boolean).join(" "), "data-rule": r.name },
    h("td", { class: "num" }, r.priority),
    h("td", null, h("span", { class: "mono" }, r.name), m && h("span", { class: "tag fresh" }, m.word), r.ours && h("span", { class: "about" }, r.grant ? `by jitbot, for grant ${r.grant}` : "by jitbot, for protected VMs"),
      r.description && h("span", { class: "about" }, r.description)),
    h("td", null, h("span", { class: allow ? "tag ok" : "tag no" }, r.access)),
    h("td", { class: "mono" }, each(r.source)), h("td", { class: "mono" }, r.ports === "*" ? "any" : each(r.ports), h("span", { class: "soft" }, ` ${proto}`)), h("td", { class: "mono" }, each(r.destination)));
}

// each puts what is in a list on a line of its own; long tags such as
// AzureLoadBalancer may break between their words.
const each = (text) => text.split(", ").map((part) => h("span", { class: "part" }, part.split(/(?<=[a-z])(?=[A-Z])/).flatMap((word, i) => (i > 0 ? [h("wbr"), word] : [word]))));
