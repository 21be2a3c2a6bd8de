import { h, newID } from "./dom.js";
import { textObject } from "./mrkdwn.js";

// confirmed asks what a button wants asked; true is yes. The rest of the
// workspace waits; the subscription beside it can still be used.
export function confirmed(dialog, names) {
  const body = document.getElementById("slack-body");
  const overlay = document.getElementById("overlay");
  const back = document.activeElement;
  const title = newID();
  return new Promise((resolve) => {
    const wasInert = body.inert;
    const modals = [...overlay.children];
    const answer = (yes) => {
      box.remove();
      for (const m of modals) m.inert = false;
      body.inert = wasInert;
      overlay.hidden = overlay.childElementCount === 0;
      if (back?.isConnected) back.focus();
      resolve(yes);
    };
    const yes = h("button", { type: "button", class: `btn ${dialog.style === "danger" ? "danger" : "primary"}`, onclick: () => answer(true) }, textObject(dialog.confirm, names));
    const box = h("div", {
      class: "modal small", role: "alertdialog", "aria-labelledby": title, "data-confirm": true,
      onkeydown: (ev) => {
        if (ev.key !== "Escape") return;
        ev.stopPropagation();
        answer(false);
      },
    },
    h("div", { class: "modal-head" }, h("h2", { id: title }, textObject(dialog.title, names))),
    h("div", { class: "modal-body text" }, textObject(dialog.text, names)),
    h("div", { class: "modal-foot" }, h("button", { type: "button", class: "btn", onclick: () => answer(false) }, textObject(dialog.deny, names)), yes));
    body.inert = true;
    for (const m of modals) m.inert = true;
    overlay.hidden = false;
    overlay.append(box);
    yes.focus();
  });
}
