import { h } from "./dom.js";
import { about, box, each, headed, mark, ports, protocol, withGone } from "./guards.js";

// firewallTable draws what a firewall asks: its translations, then its network rules,
// those that its policy inherits before its own, folded.
export function firewallTable(f, seconds) {
  return box(f, `${f.policy ? `firewall of ${f.policy}` : "classic firewall"} in ${f.group}`, "being changed", [
    f.busy && h("p", { class: "note busy" }, `Azure is changing it and takes one change at a time. Until it has finished, what was in force stays in force. In Azure that takes three to five minutes, here ${seconds} seconds.`),
    part(f, "nat", "Doors: DNAT rules, asked first"),
    part(f, "network", "Network rules, asked next"),
    f.others > 0 && h("p", { class: "soft note" }, `${f.others} application ${f.others === 1 ? "rule is" : "rules are"} not shown.`),
  ]);
}

function part(f, kind, title) {
  const inherited = f.rules.filter((r) => r.kind === kind && r.inherited);
  const own = withGone(f).filter((r) => r.kind === kind && !r.inherited).sort((a, b) => (a.group_priority ?? 0) - (b.group_priority ?? 0) || a.priority - b.priority);
  const parents = [...new Set(inherited.map((r) => r.policy))].join(", ");
  return [
    h("h3", null, title),
    inherited.length > 0 && box({ id: `${f.id}/${kind}`, name: parents, rules: inherited }, "parent policy, asked before", "", table(f, kind, inherited)),
    own.length > 0 ? table(f, kind, own) : h("p", { class: "soft note" }, "None."),
  ];
}

function table(f, kind, rules) {
  const heads = kind === "nat" ? ["Rule", "From", "Door → VM"] : ["Rule", "From", "Port", "To"];
  return headed(heads, rules.flatMap((r, i) => [begins(rules[i - 1], r) && collection(r), kind === "nat" ? translation(f, r) : network(f, r)]));
}

const begins = (before, r) => before?.collection !== r.collection || before.rule_group !== r.rule_group || before.policy !== r.policy;

// collection heads the rules of one, with what orders it among the others.
function collection(r) {
  const action = r.kind === "nat" ? "DNAT" : r.access;
  return h("tr", { class: "collection" }, h("th", { scope: "rowgroup", colspan: r.kind === "nat" ? 3 : 4 },
    h("span", { class: "num" }, r.priority), " ", h("span", { class: "name" }, r.collection), h("span", { class: action === "Deny" ? "tag no" : "tag ok" }, action),
    r.rule_group && h("span", { class: "about" }, `in group ${r.rule_group}, priority ${r.group_priority}`)));
}

const states = { coming: "not in force yet", going: "still in force" };

function row(f, r, cells) {
  const m = mark(f, r);
  const removed = m?.word === "removed";
  const word = removed ? m.word : states[r.state] ?? m?.word;
  return h("tr", { class: ["rule", r.ours && "ours", removed ? "removed" : r.state ?? (m && "changed")].filter(Boolean).join(" "), "data-rule": r.name, "data-news": m?.news },
    h("td", null, h("span", { class: "mono" }, r.name), word && h("span", { class: "tag fresh" }, word), about(r)),
    h("td", { class: "mono" }, each(r.source)), cells);
}

const translation = (f, r) => row(f, r, h("td", { class: "mono" }, h("span", { class: "public-end" }, r.public_end), protocol(r), h("span", { class: "part public-end" }, `→ ${r.leads}`)));

const network = (f, r) => row(f, r, [h("td", { class: "mono" }, ports(r)), h("td", { class: "mono" }, each(r.destination))]);
