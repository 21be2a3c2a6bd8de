import { act } from "./api.js";
import { h } from "./dom.js";

// applyButton plays somebody's terraform apply.
export const applyButton = () => h("button", {
  type: "button", class: "btn apply mono", "data-key": "terraform", "data-act": "terraform",
  title: "Replaces the rules of every security group below by somebody's configuration, which knows nothing of jitbot; firewalls are not part of it", onclick: () => act("terraform", {}),
}, "terraform apply");

// verdict says what the last apply did, and how that stands.
export function verdict(drift, running) {
  if (!drift) return [];
  const all = drift.lost;
  if (!all.length) return h("p", { class: "banner" }, "terraform apply changed nothing: jitbot has no rule in any security group below; firewalls are not part of it. Open a grant or protect a VM first.");
  const gone = all.some((l) => l.state === "gone");
  const removed = `terraform apply removed jitbot’s ${all.length === 1 ? "rule" : `${all.length} rules`}, which its configuration does not have.`;
  return h("p", { class: `banner ${gone ? "bad" : "good"}` }, `${removed} ${gone ? hope(running) : outcome(all)}`);
}

const hope = (running) => (running
  ? "jitbot compares every group every 30 seconds and puts back what is still wanted; moving the clock does not hurry it."
  : "The bot is dead, so nobody puts anything back until it is started.");

function outcome(all) {
  const back = all.filter((l) => l.state === "back").length;
  if (back === 0) return "Nothing needs that any more, so nothing was put back.";
  if (back < all.length) return "jitbot has put back what was still wanted.";
  return `jitbot has put ${all.length === 1 ? "it" : "all of them"} back.`;
}

// fates tells one state of what was lost from another.
export const fates = (drift) => JSON.stringify(drift?.lost.map((l) => [l.guard, l.rule, l.at, l.state]));

// losses are the rules that were removed, a line each.
export function losses(app, drift) {
  if (!drift?.lost.length) return [];
  return h("ul", { class: "losses" }, drift.lost.map((l) => h("li", { class: "loss", "data-lost": `${l.guard}/${l.rule}`, "data-state": l.state },
    h("span", { class: `tag ${l.state === "back" ? "ok" : l.state === "gone" ? "no" : ""}` }, words(l)),
    h("span", null, h("span", { class: "mono" }, l.rule), ` of ${l.guard}`),
    l.said && said(app, l.said))));
}

function words(l) {
  if (l.state === "back") return `put back after ${seconds(l.after)}`;
  if (l.state === "unwanted") return "not wanted any more";
  return ["gone for ", h("span", { class: "since", "data-since": l.at }, seconds(Date.now() - l.at))];
}

const seconds = (ms) => `${Math.max(0, Math.round(ms / 1000))} s`;

// tickLosses moves the seconds; called every second.
export function tickLosses(el) {
  for (const since of el.querySelectorAll("[data-since]")) since.textContent = seconds(Date.now() - Number(since.dataset.since));
}

function said(app, place) {
  const where = app.slack?.names[place.channel];
  const text = `said in ${place.thread ? "a thread of " : ""}${where ? `#${where}` : "a direct message"}`;
  if (!app.slack?.channels.includes(place.channel)) return h("span", { class: "soft" }, text);
  return h("button", { type: "button", class: "link", "data-key": `said-${place.channel}-${place.thread}`, onclick: () => app.lookAt(place) }, text);
}
