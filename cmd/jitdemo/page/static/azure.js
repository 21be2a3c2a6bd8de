import { act } from "./api.js";
import { h, replace } from "./dom.js";
import { applyButton, fates, losses, tickLosses, verdict } from "./drift.js";
import { firewallTable } from "./firewalls.js";
import { guardTable, inOrder, marked, notice } from "./guards.js";
import { matrix } from "./matrix.js";
import { left, now, timeOf } from "./time.js";

let parts; // the sections of the pane
let last; // the world as drawn
let fate; // of the rules that were lost, as drawn

// showAzure draws the subscription and says whether a rule changed.
export function showAzure(app) {
  const { world } = app;
  if (!parts) {
    parts = {
      knobs: h("div", { class: "knobs", role: "group", "aria-label": "Break something" }), verdict: h("div", { class: "verdict", role: "status" }), losses: h("div"),
      grants: h("div"), reach: h("div"), guards: h("div"),
    };
    const pane = document.getElementById("azure");
    document.getElementById("live").append(head("Live grants"), parts.grants);
    pane.append(parts.knobs, parts.verdict, parts.losses, head("Who gets in now"), parts.reach, head("Rule tables", "inbound, in the order Azure asks them"), parts.guards);
  }
  const tables = [...world.guards, ...world.firewalls];
  const news = notice(tables, () => showAzure(app));
  draw("knobs", world.knobs, () => knobs(app, world.knobs));
  draw("verdict", [world.drift, world.knobs.running], () => verdict(world.drift, world.knobs.running));
  draw("losses", [world.drift, app.slack?.channels], () => losses(app, world.drift));
  draw("grants", [world.grants, world.knobs.fault, world.knobs.running], () => grants(app, world));
  draw("reach", [world.reach, world.sources, world.ports, world.knobs.running], () => matrix(world, app.slack?.users ?? {}));
  draw("guards", [tables, marked()], () => inOrder(tables).map((g) => (world.firewalls.includes(g) ? firewallTable(g, app.setup.firewall_seconds) : guardTable(g))));
  last = world;
  showCountdowns();
  if (fates(world.drift) !== fate) document.getElementById("azure").scrollTop = 0; // there it is told
  else if (news) reveal();
  fate = fates(world.drift);
  return news;
}

const head = (title, more) => h("h2", null, title, more && h("span", { class: "soft" }, ` ${more}`));

const drawn = {};

// draw redraws a part when its data changed.
function draw(part, data, make) {
  const shape = JSON.stringify(data);
  if (drawn[part] === shape) return;
  drawn[part] = shape;
  replace(parts[part], make());
}

// reveal scrolls to the rule of ours that came or went last.
function reveal() {
  const rows = [...parts.guards.querySelectorAll("tr.ours[data-news]")];
  const newest = Math.max(...rows.map((r) => Number(r.dataset.news)));
  const row = rows.find((r) => Number(r.dataset.news) === newest);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  row?.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
}

function knobs(app, k) {
  const knob = (name, words, on, good, use) => h("button", {
    type: "button", role: "switch", class: "knob", "aria-checked": on ? "true" : "false", "aria-label": `${name} ${words}`, "data-key": `knob-${name}`, "data-knob": name.toLowerCase(),
    onclick: async (ev) => {
      const el = ev.currentTarget;
      if (el.getAttribute("aria-busy") === "true") return;
      el.setAttribute("aria-busy", "true");
      await use();
      el.removeAttribute("aria-busy");
    },
  }, h("span", { class: "soft" }, name), h("span", { class: good ? "tag ok" : "tag no" }, words));
  const running = k.running ? (k.sockets > 0 ? "running" : "running, no Slack") : "killed";
  return [
    knob("Slack", k.slack_down ? "down" : "up", !k.slack_down, !k.slack_down, () => act("slack", { on: !k.slack_down })),
    knob("Azure", k.throttled ? "throttled (429)" : "answering", !k.throttled, !k.throttled, () => act("azure", { on: !k.throttled })),
    app.setup.can_kill && knob("Bot", running, k.running, k.running && k.sockets > 0, () => act(k.running ? "kill" : "start", {})),
    applyButton(),
  ];
}

function grants(app, world) {
  if (world.knobs.fault) return h("p", { class: "banner bad" }, world.knobs.fault);
  if (!world.knobs.running) return h("p", { class: "empty" }, "Unknown: the bot is dead. Nobody closes what it has opened until it runs again.");
  if (!world.grants.length) return h("p", { class: "empty" }, "None: nobody has temporary access now.");
  return h("ul", { class: "grants" }, world.grants.map((g) => {
    const who = app.slack?.users[g.who];
    return h("li", { class: "grant", "data-grant": g.id },
      h("p", { class: "line" }, h("strong", { class: "mono" }, g.id), h("span", { class: `tag ${g.stuck ? "no" : g.state === "open" ? "ok" : ""}` }, g.stuck ? "closing is stuck" : g.state),
        h("span", null, `${who?.real ?? g.who} → ${g.vms}, port ${g.ports}, from ${g.source}`)),
      g.to > 0 && h("p", { class: "line" }, h("progress", { max: "1", value: "0", "aria-label": `Time left of ${g.id}`, "data-from": g.from, "data-to": g.to }), h("span", { class: "count", "data-to": g.to, "data-state": g.state })),
      g.public_ends && h("p", { class: "line" }, g.public_ends.map((d) => h("span", null, "connect to ", h("strong", { class: "mono" }, d.public), ` for ${d.to}`))),
      g.ways && h("p", { class: "line" }, g.ways.map((w) => h("span", null, h("span", { class: "mono" }, w.name), h("span", { class: w.done ? "tag ok" : "tag fresh" }, stage(g, w))))));
  }));
}

// stage says how far a grant has come at a guard.
function stage(g, w) {
  if (w.done) return g.state === "opening" ? "in force" : "gone";
  return w.firewall ? "firewall, being changed" : "being written";
}

// minutes is a short span for a cell.
const minutes = (ms) => (ms >= 5400000 ? `${Math.round(ms / 3600000)} h` : `${Math.max(0, Math.ceil(ms / 60000))} min`);

const ends = { pending: "lapses", opening: "gives up", open: "closes" };

// showCountdowns moves the bars; called every second.
export function showCountdowns() {
  if (!last) return;
  tickLosses(parts.losses);
  for (const bar of parts.grants.querySelectorAll("progress")) {
    const from = Number(bar.dataset.from);
    const to = Number(bar.dataset.to);
    bar.value = to > from ? Math.min(1, Math.max(0, (to - now()) / (to - from))) : 0;
  }
  for (const el of parts.reach.querySelectorAll("[data-until]")) el.textContent = minutes(Number(el.dataset.until) - now());
  for (const el of parts.grants.querySelectorAll(".count")) {
    const to = Number(el.dataset.to);
    el.textContent = `${left(to - now())} left, ${ends[el.dataset.state] ?? "ends"} at ${timeOf(to)}`;
  }
}
