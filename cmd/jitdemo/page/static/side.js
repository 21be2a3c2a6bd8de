import { h, replace } from "./dom.js";

// initials is the picture of a person: a letter on one of eight colours.
export function portrait(id, user) {
  let hash = 0;
  for (const c of id) hash = (hash * 31 + c.codePointAt(0)) % 8;
  return h("span", { class: `portrait c${hash}`, "aria-hidden": "true" }, (user?.real || user?.name || "?").charAt(0).toUpperCase());
}

// showSide draws who the reader is and where they can go.
export function showSide(app) {
  const { setup, slack } = app;
  const bot = slack.users[setup.bot]?.real || slack.users[setup.bot]?.name || "The app";
  const who = h("div", { class: "who", role: "radiogroup", "aria-label": "Who you are" },
    h("h2", null, "You are"),
    setup.people.filter((p) => slack.users[p.id]).map((p) => {
      const me = p.id === slack.me;
      return h("button", {
        type: "button", role: "radio", "aria-checked": me ? "true" : "false", tabindex: me ? "0" : "-1", "data-key": `who-${p.id}`, "data-person": p.id, class: "person",
        onclick: () => app.become(p.id), onkeydown: arrows,
      }, portrait(p.id, slack.users[p.id]), h("span", null, h("span", { class: "name" }, slack.users[p.id].real), h("span", { class: "role" }, p.role)),
      !me && app.news(p.id) && h("span", { class: "badge dot" }, h("span", { class: "hidden" }, ", something new")));
    }));
  const other = setup.people.find((p) => p.id !== slack.me && slack.users[p.id]);
  const second = other && h("p", { class: "second" }, h("a", { href: `${location.origin}/?as=${other.id}`, target: "_blank", rel: "noopener", "data-key": "second" }, "Second window"), h("span", { class: "soft" }, " for another person"));
  const places = h("div", { class: "places" },
    h("h2", null, "Channels"),
    slack.channels.map((id) => place(app, id, h("span", null, h("span", { class: "hash", "aria-hidden": "true" }, "#"), slack.names[id]))),
    slack.channels.length === 0 && h("p", { class: "soft" }, "none"),
    h("h2", null, "Apps"),
    place(app, "dm", h("span", null, bot)),
    place(app, "home", h("span", null, `${bot}: Home`)));
  replace(document.getElementById("side"), h("p", { class: "team" }, setup.team), who, second, places);
}

function place(app, id, face) {
  const here = app.place === id;
  const n = here ? 0 : app.unread(id);
  return h("button", {
    type: "button", class: n ? "goto unread" : "goto", "aria-current": here ? "page" : undefined, "data-key": `go-${id}`, "data-place": id, onclick: () => app.go(id),
  }, face, n > 0 && h("span", { class: "badge" }, h("span", { class: "hidden" }, ", unread: "), n));
}

// arrows moves within the radio group, as its role promises.
function arrows(ev) {
  const dir = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[ev.key];
  if (!dir) return;
  ev.preventDefault();
  const all = [...ev.currentTarget.parentElement.querySelectorAll("[role=radio]")];
  const next = all[(all.indexOf(ev.currentTarget) + dir + all.length) % all.length];
  next.focus();
  next.click();
}
