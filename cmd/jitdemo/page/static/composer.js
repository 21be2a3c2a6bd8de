import { act } from "./api.js";
import { h, newID, step } from "./dom.js";

// makeComposer builds the line that is typed into, once. It gives how to fill
// it, and how to redraw it for the place that is open.
export function makeComposer(app) {
  const form = document.getElementById("composer");
  const listID = newID();
  let offers = []; // {text, usage, does}
  let at = -1;
  const input = h("textarea", {
    class: "box", rows: "1", id: "say", role: "combobox", "aria-label": "Message", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": listID, spellcheck: "false",
    oninput: offer, onfocus: offer, onblur: () => setTimeout(hide, 100), onkeydown: keys,
    onkeypress: (ev) => { if (ev.key === "Enter" && !ev.shiftKey) ev.preventDefault(); },
  });
  const list = h("ul", { class: "options", id: listID, role: "listbox", hidden: true, "aria-label": "Commands" });
  list.addEventListener("mousedown", (ev) => ev.preventDefault());
  const send = h("button", { type: "submit", class: "btn primary" }, "Send");
  const shortcuts = app.setup.shortcuts ?? [];
  form.replaceChildren(list, h("div", { class: "line" }, input, send));
  if (shortcuts.length) {
    form.append(h("div", { class: "shortcuts" }, h("span", { class: "soft" }, "Shortcuts"), ...shortcuts.map((s) => h("button", {
      type: "button", class: "btn small quiet", onclick: () => act("shortcut", { as: app.slack.me, action: s.callback }),
    }, s.name))));
  }
  form.addEventListener("submit", (ev) => {
    ev.preventDefault();
    post();
  });

  async function post(text = input.value.trim()) {
    if (!text) return;
    if (text === input.value.trim()) input.value = "";
    app.sent = true; // its answer is to be seen
    hide();
    const slash = text.startsWith("/");
    send.setAttribute("aria-busy", "true");
    await act(slash ? "slash" : "say", { as: app.slack.me, channel: app.channel(), text });
    send.removeAttribute("aria-busy");
  }

  // wanted are the completions of what is typed.
  function wanted(text) {
    const { commands, hints, vms } = app.setup;
    if (!text.startsWith("/") || text.includes("\n")) return [];
    const [command, ...rest] = text.split(/ +/);
    if (rest.length === 0) return commands.filter((c) => c.startsWith(command)).map((c) => ({ text: `${c} `, usage: c, does: "the app’s command" }));
    if (!commands.includes(command)) return [];
    const lines = (hints ?? []).map((x) => ({ ...x, word: x.usage.split(" ")[0] }));
    if (rest.length === 1) return lines.filter((x) => x.word.startsWith(rest[0])).map((x) => ({ text: `${command} ${x.word} `, usage: `${command} ${x.usage}`, does: x.does }));
    const line = lines.find((x) => x.word === rest[0]);
    if (!line) return [];
    if (rest.length === 2 && line.usage.includes("<vm>")) {
      return vms.filter((v) => v.startsWith(rest[1])).map((v) => ({ text: `${command} ${rest[0]} ${v} `, usage: v, does: "" }));
    }
    return [{ usage: `${command} ${line.usage}`, does: line.does }];
  }

  function offer() {
    if (document.activeElement !== input) return;
    offers = wanted(input.value);
    at = -1;
    list.replaceChildren(...offers.map((o, i) => h("li", { class: o.text ? "option" : "note", role: "option", id: `${listID}-${i}`, "aria-selected": "false", onclick: () => take(i) },
      h("code", null, o.usage), h("span", { class: "hint" }, o.does))));
    list.hidden = offers.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
  }

  function hide() {
    offers = [];
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function mark() {
    [...list.children].forEach((row, i) => {
      row.classList.toggle("at", i === at);
      row.setAttribute("aria-selected", String(i === at));
      if (i === at) row.scrollIntoView({ block: "nearest" });
    });
    if (at >= 0) input.setAttribute("aria-activedescendant", `${listID}-${at}`);
  }

  function take(i) {
    if (!offers[i]?.text) return;
    input.value = offers[i].text;
    input.focus();
    offer();
  }

  function keys(ev) {
    if (offers.length && (ev.key === "ArrowDown" || ev.key === "ArrowUp")) {
      ev.preventDefault();
      at = step(ev.key, at, offers.length);
      mark();
    } else if (ev.key === "Tab" && !ev.shiftKey && offers[Math.max(at, 0)]?.text && offers[Math.max(at, 0)].text !== input.value) {
      ev.preventDefault();
      take(Math.max(at, 0));
    } else if (ev.key === "Escape" && offers.length) {
      ev.stopPropagation();
      hide();
    } else if (ev.key === "Enter" && !ev.shiftKey && !ev.isComposing) {
      ev.preventDefault();
      if (at >= 0 && offers[at]?.text) take(at);
      else post();
    }
  }

  return {
    clear() {
      input.value = "";
      hide();
    },
    // send sends a line as if it had been typed.
    send(text) {
      input.focus({ preventScroll: true });
      hide();
      post(text);
    },
    show() {
      form.hidden = app.place === "home";
      const where = app.place === "dm" ? "the app" : `#${app.slack.names[app.place] ?? ""}`;
      input.placeholder = `Message ${where}, or type ${app.setup.commands[0] ?? "/"}`;
    },
  };
}
