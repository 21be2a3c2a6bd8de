import { act } from "./api.js";
import { blocks } from "./blocks.js";
import { h, newID, put } from "./dom.js";
import { Form } from "./form.js";

const forms = new Map(); // by view id
let drawn = ""; // what is on the screen
let errors = ""; // the errors among it
let back; // where the focus was before

// showModals draws the modal on top of a person's stack. It is drawn anew only
// when the app changed it, so typing is never disturbed.
export function showModals(slack) {
  const overlay = document.getElementById("overlay");
  const body = document.getElementById("slack-body");
  const view = slack.views?.at(-1);
  for (const id of forms.keys()) {
    if (!slack.views?.some((v) => v.id === id)) forms.delete(id);
  }
  // The errors of a submission come twice, with its answer and with the stream: that is one drawing.
  const wrong = JSON.stringify({ ...view?.errors, ...forms.get(view?.id)?.lacking });
  const shape = view ? JSON.stringify([slack.me, view.id, view.hash, wrong, view.trouble]) : "";
  if (shape === drawn) return;
  const first = drawn === "";
  const old = overlay.querySelector(".modal:not([data-confirm])");
  const news = wrong !== errors;
  drawn = shape;
  errors = wrong;
  if (!view) {
    old?.remove();
    overlay.hidden = overlay.childElementCount === 0;
    body.inert = !overlay.hidden;
    (back?.isConnected && back !== document.body ? back : document.getElementById("say"))?.focus({ preventScroll: true });
    return;
  }
  if (first) back = document.activeElement;
  let form = forms.get(view.id);
  if (!form) forms.set(view.id, form = new Form(slack.me, view.id));
  form.view = view;
  const box = modal(view, form, slack);
  const held = hold(old);
  if (old) old.replaceWith(box);
  else overlay.prepend(box);
  overlay.hidden = false;
  body.inert = true;
  box.scrollTop = held.top;
  focusIn(box, held, { fresh: old?.dataset.view !== view.id, news });
}

function modal(view, form, slack) {
  const title = newID();
  const close = () => act("close", { as: slack.me, view: view.id });
  const submit = h("button", { type: "submit", class: "btn primary" }, view.submit);
  const box = h("form", {
    class: "modal", role: "dialog", "aria-labelledby": title, "data-view": view.id, tabindex: "-1", novalidate: true, autocomplete: "off",
    onkeydown: (ev) => {
      if (ev.key !== "Escape") return;
      ev.stopPropagation();
      close();
    },
    onsubmit: async (ev) => {
      ev.preventDefault();
      if (!view.submit || submit.getAttribute("aria-disabled") === "true") return;
      submit.setAttribute("aria-disabled", "true");
      submit.textContent = "Sending…";
      const { errors } = await act("submit", { as: slack.me, view: view.id, values: form.typed(true) });
      submit.removeAttribute("aria-disabled");
      submit.textContent = view.submit;
      form.lacking = box.isConnected ? errors ?? {} : {};
      if (box.isConnected) showModals(slack);
    },
  },
  h("div", { class: "modal-head" },
    h("h2", { id: title }, view.title),
    h("button", { type: "button", class: "btn quiet", "aria-label": "Close all", onclick: () => act("clear", { as: slack.me }) }, "×")),
  view.trouble && h("p", { class: "banner bad", role: "alert" }, view.trouble));
  return put(box, [
    h("div", { class: "modal-body", tabindex: "0", role: "group", "aria-label": "Fields" }, blocks(view.blocks, form.context(slack))),
    h("div", { class: "modal-foot" },
      h("button", { type: "button", class: "btn", onclick: close }, view.close || "Cancel"),
      view.submit && submit),
  ]);
}

// hold remembers where the focus and the scrolling were in the modal before, and a search under way.
function hold(old) {
  const at = document.activeElement;
  if (!old || !old.contains(at)) return { top: 0 };
  const search = at.getAttribute("aria-expanded") === "true" ? at.value : undefined;
  return { key: at.dataset.key, search, caret: [at.selectionStart, at.selectionEnd], top: old.scrollTop };
}

// focusIn puts the focus where it was, in the first field of a fresh view, or in the first
// wrong one when its error is news.
function focusIn(box, held, { fresh, news }) {
  const wrong = news && box.querySelector(".field.bad .box, .field.bad input");
  const same = !fresh && held.key && [...box.querySelectorAll("[data-key]")].find((e) => e.dataset.key === held.key);
  const target = wrong || (same || box.querySelector("[data-first]") || box.querySelector(".modal-body [data-key]") || box.querySelector("[type=submit]") || box);
  target.focus({ preventScroll: !wrong });
  if (target !== same) return;
  if (held.search !== undefined) {
    target.value = held.search;
    target.dispatchEvent(new Event("input"));
  }
  if (typeof held.caret[0] !== "number") return;
  try {
    target.setSelectionRange(...held.caret);
  } catch {
    // a date input has no caret
  }
}
