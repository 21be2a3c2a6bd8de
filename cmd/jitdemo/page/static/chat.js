import { act } from "./api.js";
import { blocks } from "./blocks.js";
import { h, replace } from "./dom.js";
import { Form } from "./form.js";
import { mrkdwn } from "./mrkdwn.js";
import { portrait } from "./side.js";
import { now, timeOf } from "./time.js";

const nodes = new Map(); // of messages, by person, pane, channel and ts
let shown = ""; // the place on the screen, of which person
let home; // the form of the Home tab
let parked; // how far was scrolled to the beginning of a long message

// showPlace draws the channel, direct message or Home tab that is open.
export function showPlace(app) {
  const content = document.getElementById("content");
  const here = `${app.slack.me}/${app.place}`;
  const fresh = here !== shown;
  shown = here;
  head(app);
  if (app.place === "home") {
    showHome(app, content, fresh);
    return;
  }
  content.className = "scroll messages";
  content.setAttribute("role", "log");
  content.setAttribute("aria-label", "Messages");
  const asked = app.sent;
  const low = fresh || asked || content.scrollTop === parked || content.scrollHeight - content.scrollTop - content.clientHeight < 60;
  const all = app.messages();
  const top = all.filter((m) => !m.thread || m.broadcast);
  const was = content.lastElementChild;
  fillList(content, top.map((m) => message(app, m, "main", all.filter((r) => r.thread === m.ts))), h("p", { class: "empty" }, emptyWords(app)));
  if (content.lastElementChild !== was) app.sent = false;
  if (low) toNewest(content, asked && content.lastElementChild === was && !fresh ? content.lastElementChild : was);
}

// toNewest scrolls to the end, but to the beginning of a message that has come
// and is longer than the screen.
function toNewest(content, was) {
  const newest = content.lastElementChild;
  if (newest === was && content.scrollTop === parked) return;
  const long = newest !== was && newest.offsetHeight > content.clientHeight;
  if (long) newest.scrollIntoView({ block: "start" });
  else content.scrollTop = content.scrollHeight;
  parked = long ? content.scrollTop : undefined;
}

function emptyWords(app) {
  return app.place === "dm" ? "Nothing here yet. Type /jit and see what it offers." : "No messages yet. Requests for access appear here as cards.";
}

function head(app) {
  const { slack, place } = app;
  const title = place === "dm" || place === "home" ? slack.users[app.setup.bot]?.real || "jitbot" : `# ${slack.names[place]}`;
  const tab = (id, words) => h("button", { type: "button", class: "tab", "aria-current": place === id ? "page" : undefined, "data-key": `tab-${id}`, onclick: () => app.go(id) }, words);
  replace(document.getElementById("place"), h("h2", null, title), ["dm", "home"].includes(place) && h("span", { class: "placetabs" }, tab("home", "Home"), tab("dm", "Messages")));
}

// fillList puts the nodes into el in order and touches none that stays.
function fillList(el, want, empty) {
  const list = want.length ? want : [empty];
  const keep = new Set(list);
  for (const child of [...el.children]) if (!keep.has(child)) child.remove();
  list.forEach((node, i) => {
    if (el.children[i] !== node) el.insertBefore(node, el.children[i] ?? null);
  });
}

// message draws one, or gives the node of before when nothing in it changed.
function message(app, m, pane, replies) {
  const { slack } = app;
  const key = [slack.me, pane, app.place, m.ts, m.ephemeral].join("/");
  const day = new Date(now()).toDateString();
  const shape = JSON.stringify([m, replies.length, replies.at(-1)?.at, day, slack.users[m.user]]);
  const old = nodes.get(key);
  if (old?.shape === shape) return old.node;
  const who = slack.users[m.user] ?? { real: m.user };
  const node = h("article", { class: m.ephemeral ? "message ephemeral" : "message", "data-ts": m.ts },
    portrait(m.user, who),
    h("div", { class: "said" },
      m.ephemeral && h("p", { class: "only" }, "Only visible to you"),
      h("p", { class: "by" }, h("strong", null, who.real || who.name), who.bot && h("span", { class: "app" }, "APP"),
        h("time", { class: "soft", datetime: new Date(m.at).toISOString() }, stamp(m.at)),
        m.thread && m.broadcast && pane === "main" && h("span", { class: "soft" }, "replied to a thread")),
      m.blocks ? h("div", { class: "blocks" }, blocks(m.blocks, context(app, m))) : h("div", { class: "text" }, mrkdwn(m.text, slack)),
      m.edited && h("span", { class: "edited" }, "(edited)"),
      pane === "main" && replies.length > 0 && h("button", { type: "button", class: "replies", "data-key": `replies-${m.ts}`, onclick: () => app.openThread(m.ts) },
        `${replies.length} ${replies.length === 1 ? "reply" : "replies"}`, h("span", { class: "soft" }, `last ${stamp(replies.at(-1).at)}`))));
  const held = old && old.node.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  nodes.set(key, { node, shape });
  if (held) queueMicrotask(() => keepFocus(node, held));
  return node;
}

// keepFocus puts it on what was pressed, or on the message where that is gone.
function keepFocus(node, key) {
  const same = [...node.querySelectorAll("[data-key]")].find((e) => e.dataset.key === key);
  if (!same) node.tabIndex = -1;
  (same ?? node).focus({ preventScroll: true });
}

// stamp is the time of a message, with its day when that is not today.
function stamp(at) {
  const date = new Date(at);
  const today = date.toDateString() === new Date(now()).toDateString();
  return (today ? "" : `${date.toLocaleDateString([], { day: "numeric", month: "short" })}, `) + timeOf(at);
}

// context is what using an element of a message does.
function context(app, m) {
  const me = app.slack.me; // whoever is chosen when a confirmation is answered
  const channel = app.channel();
  const order = (b, e, more) => ({ as: me, channel, ts: m.ts, block: b.block_id, action: e.action_id, ...more });
  const held = new Map();
  return {
    names: app.slack,
    holds: (b, e) => held.get(`${b.block_id}/${e.action_id}`) ?? initial(e),
    set: (b, e, value, { dispatch }) => {
      held.set(`${b.block_id}/${e.action_id}`, value);
      if (!dispatch) return;
      const several = e.type.startsWith("multi_") || e.type === "checkboxes";
      const sent = Array.isArray(value) ? value.map((c) => c.value) : value;
      act("choose", order(b, e, { value: several || !Array.isArray(sent) ? sent : sent[0] ?? null }));
    },
    press: async (b, e) => (await act("click", order(b, e), { quiet: true })).failure,
    suggest: async () => undefined, // the simulated workspace searches only in views
  };
}

function initial(e) {
  const option = (o) => ({ value: o.value, text: o.text.text });
  if (e.initial_option) return [option(e.initial_option)];
  if (e.initial_options) return e.initial_options.map(option);
  return e.initial_date ?? e.initial_time ?? e.initial_value;
}

let homeShape = "";

function showHome(app, content, fresh) {
  const view = app.slack.home;
  const shape = JSON.stringify([app.slack.me, view?.id, view?.hash, view?.trouble]);
  if (!fresh && shape === homeShape) return;
  homeShape = shape;
  content.className = "scroll home";
  content.setAttribute("role", "region");
  content.setAttribute("aria-label", "Home");
  if (!view) {
    replace(content, h("p", { class: "empty" }, "The app has published nothing here for you."));
    return;
  }
  if (home?.id !== view.id) home = new Form(app.slack.me, view.id);
  home.view = view;
  replace(content, blocks(view.blocks, home.context(app.slack)));
}

// showThread draws the thread that is open beside the channel.
export function showThread(app) {
  const pane = document.getElementById("thread");
  const all = app.thread ? app.messages().filter((m) => m.ts === app.thread || m.thread === app.thread) : [];
  if (!all.length) {
    pane.hidden = true;
    pane.replaceChildren();
    return;
  }
  const fresh = pane.hidden || pane.dataset.ts !== app.thread;
  pane.hidden = false;
  pane.dataset.ts = app.thread;
  if (fresh) {
    const close = h("button", { type: "button", class: "btn quiet", "aria-label": "Close thread", onclick: () => app.openThread(null) }, "×");
    pane.replaceChildren(h("div", { class: "place" }, h("h2", null, "Thread"), close),
      h("div", { class: "scroll messages", role: "log", "aria-label": "Replies", tabindex: "0" }), answer(app));
    pane.onkeydown = (ev) => { if (ev.key === "Escape") app.openThread(null); };
    close.focus({ preventScroll: true });
  }
  const list = pane.querySelector(".scroll");
  const low = fresh || list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  fillList(list, all.map((m) => message(app, m, "thread", [])));
  if (low) list.scrollTop = list.scrollHeight;
}

// answer is the line under a thread.
function answer(app) {
  const box = h("input", { class: "box", type: "text", "aria-label": "Reply", placeholder: "Reply…", "data-key": "reply" });
  return h("form", {
    class: "composer", autocomplete: "off",
    onsubmit: (ev) => {
      ev.preventDefault();
      const text = box.value.trim();
      if (!text) return;
      box.value = "";
      act("say", { as: app.slack.me, channel: app.channel(), thread: app.thread, text });
    },
  }, h("div", { class: "line" }, box, h("button", { type: "submit", class: "btn primary" }, "Reply")));
}
