import { act, listen } from "./api.js";
import { showAzure, showCountdowns } from "./azure.js";
import { showPlace, showThread } from "./chat.js";
import { makeComposer } from "./composer.js";
import { showModals } from "./modal.js";
import { showSide } from "./side.js";
import { setNow, watchClock } from "./time.js";
import { recall, themes, keepInMind, mine } from "./look.js";
import { deadline, makeWalks } from "./walk.js";

const id = (name) => document.getElementById(name);

// app is what is open on the page, and what its parts ask of each other.
const app = {
  setup: undefined,
  slack: undefined, // the workspace as the chosen person sees it
  world: undefined, // the subscription
  place: "dm", // a channel's id, "dm" or "home"
  thread: null, // ts of the open thread's first message
  read: new Map(), // newest ts seen, by person and place

  channel: (place = app.place) => (place === "dm" || place === "home" ? app.slack.dm : place),
  messages: (place = app.place) => app.slack.messages[app.channel(place)] ?? [],

  unread(place) {
    if (place === "home") return 0;
    const seen = app.read.get(`${app.slack.me}/${place}`) ?? "";
    return app.messages(place).filter((m) => m.ts > seen && !m.thread && m.user !== app.slack.me).length;
  },

  // news: something has come for a person that the reader has not seen as them.
  news(person) {
    return Object.entries(app.slack.newest?.[person] ?? {}).some(([place, ts]) => ts > (app.read.get(`${person}/${place}`) ?? ""));
  },

  go(place) {
    app.place = place;
    app.thread = null;
    if (place === "home") act("home", { as: app.slack.me }, { quiet: true });
    if (place === "dm") act("messages", { as: app.slack.me }, { quiet: true });
    show();
  },

  // lookAt opens the message that somebody is pointed to.
  lookAt({ channel, thread }) {
    pane("slack");
    app.go(channel);
    if (!thread) return;
    app.openThread(thread);
  },

  openThread(ts) {
    const from = app.thread;
    app.thread = ts;
    showThread(app);
    if (!ts && from) [...document.querySelectorAll("[data-key]")].find((e) => e.dataset.key === `replies-${from}`)?.focus();
  },

  become(person) {
    if (app.slack?.me === person) return;
    mine.keep("jitdemo.me", person);
    app.thread = null;
    composer.clear();
    follow(person);
  },
};

let end; // ends the stream
let then = []; // what waits for the next view of the workspace
let composer;

function follow(person) {
  end?.();
  end = listen(person, {
    clock: (c) => { setNow(c.now); tickNow(); show(); },
    slack: (s) => {
      if (s.me !== person) return;
      app.slack = s;
      const held = ["dm", "home"].includes(app.place) || s.channels?.includes(app.place);
      s.channels ??= [];
      if (!held) app.place = "dm";
      show();
      then.splice(0).forEach((f) => f());
    },
    world: (w) => {
      const shownBefore = app.world !== undefined;
      app.world = w;
      const news = showAzure(app);
      followWalks();
      if (news && shownBefore && id("tab-azure").getAttribute("aria-selected") === "false") id("azure-news").hidden = false;
    },
    open: () => { id("link").textContent = ""; },
    lost: () => { id("link").textContent = "Connection lost, trying again…"; },
  });
}

function show() {
  if (!app.slack) return;
  showPlace(app);
  const last = app.messages().at(-1);
  if (last && app.place !== "home") app.read.set(`${app.slack.me}/${app.place}`, last.ts);
  showSide(app);
  showThread(app);
  showModals(app.slack);
  composer.show();
}

let tickNow = () => {};

function clockButtons() {
  id("skips").hidden = !app.setup.can_skip;
  id("skip10").onclick = () => act("skip", { seconds: 600 });
  id("skip60").onclick = () => act("skip", { seconds: 3600 });
  id("skipnext").onclick = () => act("deadline", {});
}

let followWalks = () => {};

function steps() {
  const fold = id("try");
  fold.open = recall("jitdemo.try") !== "closed";
  fold.ontoggle = () => keepInMind("jitdemo.try", fold.open ? "open" : "closed");
  followWalks = makeWalks(app, take);
}

// take does what a step's button promises: become, open, send, move the clock,
// apply terraform.
function take(s, walk) {
  const rest = () => {
    if (s.channel) app.go(s.channel);
    pane(s.terraform ? "azure" : "slack");
    if (s.type) composer.send(s.type);
    if (s.deadline) deadline(walk);
    if (s.terraform) act("terraform", {});
  };
  if (!s.as || app.slack?.me === s.as) rest();
  else {
    then.push(rest);
    app.become(s.as);
  }
}

// pane shows one of the two columns where there is no room for both.
function pane(name) {
  document.querySelector(".panes").dataset.pane = name;
  for (const t of ["slack", "azure"]) {
    id(`tab-${t}`).setAttribute("aria-selected", String(t === name));
    id(`tab-${t}`).tabIndex = t === name ? 0 : -1;
  }
  if (name === "azure") id("azure-news").hidden = true;
}

function tabs() {
  for (const t of ["slack", "azure"]) {
    const other = t === "slack" ? "azure" : "slack";
    id(`tab-${t}`).onclick = () => pane(t);
    id(`tab-${t}`).onkeydown = (ev) => {
      if (!["ArrowLeft", "ArrowRight"].includes(ev.key)) return;
      pane(other);
      id(`tab-${other}`).focus();
    };
  }
}

// escape closes what is on top when nothing has the focus: a click beside a
// modal takes it away from there.
function escape(ev) {
  if (ev.key !== "Escape" || document.activeElement !== document.body) return;
  const top = id("overlay").lastElementChild;
  if (top) top.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
  else if (app.thread) app.openThread(null);
}

async function begin() {
  document.addEventListener("keydown", escape);
  themes(id("theme"));
  tabs();
  app.setup = await (await fetch("/setup")).json();
  for (const key of ["hints", "people", "walks", "vms", "commands"]) app.setup[key] ??= [];
  composer = makeComposer(app);
  clockButtons();
  steps();
  tickNow = watchClock(showCountdowns);
  const known = app.setup.people.map((p) => p.id);
  // Each window is a person of its own; a link may say which.
  const asked = new URLSearchParams(location.search).get("as");
  if (asked) history.replaceState(null, "", location.pathname);
  const me = known.includes(asked) ? asked : mine.recall("jitdemo.me");
  if (me) mine.keep("jitdemo.me", me);
  follow(known.includes(me) ? me : known[0]);
}

begin();
