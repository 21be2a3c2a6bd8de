import { h } from "./dom.js";

let was; // by vm/port/source: open or not

// matrix draws who reaches which port of which machine, in words and colours.
// The arrow keys walk through it; the reason of a cell stands below.
export function matrix(world, users) {
  const why = h("p", { class: "why soft", "aria-live": "polite" }, "Point at a cell for the rules that decide.");
  const is = new Map();
  const body = world.reach.map((vm) => h("tr", null,
    h("th", { scope: "row", title: vm.group }, h("span", { class: "name" }, vm.vm), vm.note && h("span", { class: "soft" }, ` ${vm.note}`), vm.protection && h("span", { class: vm.missing ? "protection bad" : "protection" }, vm.missing ? "protection missing" : vm.protection)),
    vm.cells.flatMap((cells, p) => cells.map((c, s) => {
      const key = `${vm.vm}/${world.ports[p]}/${world.sources[s].address}`;
      is.set(key, c.open);
      return cell(c, users[c.for]?.real.split(" ")[0] ?? c.for, key, was && was.get(key) !== c.open, s === 0, `${vm.vm} port ${world.ports[p]} from ${world.sources[s].name} (${world.sources[s].address})`);
    }))));
  was = is;
  const table = h("table", { class: "matrix", role: "grid", onkeydown: walk },
    h("thead", null,
      h("tr", null, h("td"), world.ports.map((p) => h("th", { scope: "colgroup", colspan: world.sources.length, class: "first" }, `port ${p}`))),
      h("tr", null, h("th", { scope: "col" }, "VM"), world.ports.map(() => world.sources.map((s, i) => h("th", { scope: "col", class: i === 0 ? "first" : undefined, title: s.address }, s.name))))),
    h("tbody", null, body));
  table.querySelector("td[data-why]")?.setAttribute("tabindex", "0");
  const tell = (ev) => {
    const at = ev.target.closest("[data-why]");
    if (at) why.textContent = at.dataset.why;
  };
  table.addEventListener("focusin", tell);
  table.addEventListener("mouseover", tell);
  const signs = h("p", { class: "legend" }, h("span", { class: "sample anyone" }, "open to anyone"), h("span", { class: "sample granted" }, "open for somebody"), h("span", { class: "sample some" }, "open by another rule"), h("span", { class: "sample" }, "shut"));
  const legend = h("p", { class: "soft legend" }, world.sources.map((s, i) => [i > 0 && " · ", h("span", null, `${s.name} `, h("span", { class: "mono" }, s.address))]));
  const unknown = !world.knobs.running && h("p", { class: "soft legend" }, "Which VMs are protected is unknown: the bot is dead.");
  return [signs, legend, unknown, h("div", { class: "wide" }, table), why];
}

function cell(c, who, key, fresh, first, name) {
  const kind = !c.open ? "no" : c.anyone ? "anyone" : c.for ? "granted" : "some";
  const to = kind === "anyone" ? " to anyone" : kind === "granted" ? ` for ${who}` : "";
  return h("td", {
    class: `${kind}${fresh ? " fresh" : ""}${first ? " first" : ""}`, tabindex: "-1", "data-key": `cell-${key}`, "data-cell": key, "data-why": `${name}: ${c.open ? `open${to}` : "shut"}.\n${c.why}`,
  }, h("span", { class: "sign", "aria-hidden": "true" }, c.open ? "✓" : "×"), c.open ? "open" : "shut",
  kind === "granted" && h("span", { class: "for" }, `for ${who}`, c.until && [", ", h("span", { "data-until": c.until })]),
  kind === "anyone" && h("span", { class: "hidden" }, " to anyone"));
}

function walk(ev) {
  const td = ev.target.closest("td[data-why]");
  const go = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[ev.key];
  if (!td || !go) return;
  const row = td.parentElement;
  const rows = [...row.parentElement.children];
  const next = rows[rows.indexOf(row) + go[0]]?.children[[...row.children].indexOf(td) + go[1]];
  if (!next?.dataset.why) return;
  ev.preventDefault();
  td.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}
