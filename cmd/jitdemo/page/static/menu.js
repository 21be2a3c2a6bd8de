import { h, step } from "./dom.js";

// menu is a button that opens a few actions: [{text, use}].
export function menu(label, face, items) {
  let at = -1;
  const list = h("div", { class: "menu-list", role: "menu", hidden: true }, items.map((item) => h("button", {
    type: "button", role: "menuitem", tabindex: "-1", onclick: () => { hide(); item.use(); },
  }, item.text)));
  const opener = h("button", {
    type: "button", class: "btn", "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": label,
    onclick: () => (list.hidden ? show() : hide()),
  }, face);
  const rows = [...list.children];
  function show() {
    list.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    at = 0;
    rows[0]?.focus();
  }
  function hide() {
    list.hidden = true;
    opener.setAttribute("aria-expanded", "false");
  }
  return h("span", {
    class: "menu",
    onkeydown: (ev) => {
      if (list.hidden) return;
      if (ev.key === "Escape") {
        ev.stopPropagation();
        hide();
        opener.focus();
      } else if (ev.key.startsWith("Arrow")) {
        ev.preventDefault();
        at = step(ev.key, at, rows.length);
        rows[at]?.focus();
      }
    },
    onfocusout: (ev) => { if (!ev.currentTarget.contains(ev.relatedTarget)) hide(); },
  }, opener, list);
}
