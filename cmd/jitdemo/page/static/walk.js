import { act } from "./api.js";
import { h, replace, toast } from "./dom.js";
import { keepInMind, recall } from "./look.js";

// done says of each word of a step whether it is so in the world, for the walk's VM.
const done = {
  asked: (w, vm) => grants(w, vm).length > 0,
  opened: (w, vm) => grants(w, vm).some((g) => g.state === "open"),
  ended: (w, vm) => grants(w, vm).length === 0,
  protected: (w, vm) => protection(w, vm) === "protected",
  unprotected: (w, vm) => !protection(w, vm),
  ruled: (w) => w.guards.some((g) => g.rules.some((r) => r.ours)),
  wiped: (w) => (w.drift?.lost.length ?? 0) > 0,
  restored: (w) => w.drift.lost.every((l) => l.state !== "gone"),
  taken: (w, vm, taken) => taken,
};

const grants = (w, vm) => w.grants.filter((g) => g.vms.split(", ").includes(vm));
const protection = (w, vm) => w.reach.find((r) => r.vm === vm)?.protection;

// makeWalks builds the tours. use(step, walk) does what a step's button promises.
// It gives how to look at the world again.
export function makeWalks(app, use) {
  const names = app.setup.walks.map((w) => w.name);
  const at = new Map(); // by walk: how many of its steps are done
  const taken = new Set(); // "walk/step" whose button was pressed
  let shown = Math.max(0, names.indexOf(recall("jitdemo.walk")));
  let drawn = "";

  // follow ticks the steps that are done, in their order. While the bot is dead nobody knows.
  function follow() {
    if (!app.world?.knobs.running) return;
    for (const w of app.setup.walks) {
      let n = at.get(w.name) ?? 0;
      while (n < w.steps.length && so(w, n)) n += 1;
      at.set(w.name, n);
    }
    show();
  }

  // so: each step is looked at only when those before it are done.
  function so(w, n) {
    return done[w.steps[n].done]?.(app.world, w.vm, taken.has(`${w.name}/${n}`)) ?? false;
  }

  function show() {
    const walk = app.setup.walks[shown];
    const n = at.get(walk?.name) ?? 0;
    const shape = JSON.stringify([shown, n]);
    if (!walk || shape === drawn) return;
    drawn = shape;
    replace(document.getElementById("walks"), app.setup.walks.map((w, i) => h("button", {
      type: "button", class: "tab", "aria-pressed": String(i === shown), "data-key": `walk-${w.name}`, "data-walk": w.name,
      onclick: () => { shown = i; keepInMind("jitdemo.walk", w.name); show(); },
    }, w.name)), h("button", { type: "button", class: "btn small quiet", "data-key": "walk-reset", id: "reset", onclick: reset }, "Reset"));
    replace(document.getElementById("steps"), walk.steps.map((s, i) => step(walk, s, i, n)));
  }

  function step(walk, s, i, n) {
    const state = i < n ? "done" : i === n ? "now" : "later";
    return h("li", { class: state, "data-step": state, "aria-current": state === "now" ? "step" : undefined },
      h("span", null, s.text, s.type && h("code", { class: "line" }, s.type),
        state === "done" && h("span", { class: "tag ok" }, "✓ done"), state === "later" && h("span", { class: "tag" }, "not yet")),
      s.button && h("button", {
        type: "button", class: state === "now" ? "btn small primary" : "btn small", "data-key": `step-${walk.name}-${i}`, "aria-disabled": state === "later" ? "true" : undefined,
        onclick: () => {
          if (i > (at.get(walk.name) ?? 0)) {
            toast(`Not yet: first step ${(at.get(walk.name) ?? 0) + 1}.`);
            return;
          }
          taken.add(`${walk.name}/${i}`);
          use(s, walk);
          follow();
        },
      }, s.button));
  }

  // reset begins the walk that is shown anew; what was done in the world stays.
  function reset() {
    const { name } = app.setup.walks[shown];
    at.set(name, 0);
    for (const key of [...taken]) if (key.startsWith(`${name}/`)) taken.delete(key);
    drawn = "";
    follow();
  }

  show();
  return follow;
}

// deadline moves the clock to that of the walk's grant.
export const deadline = (walk) => act("deadline", { vm: walk.vm });
