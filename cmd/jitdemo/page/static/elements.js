import { h, newID, safeURL } from "./dom.js";
import { textObject } from "./mrkdwn.js";
import { combobox } from "./combobox.js";
import { menu } from "./menu.js";
import { confirmed } from "./confirm.js";

const plain = (t) => t?.text ?? "";
const keyOf = (b, e) => `${b.block_id}/${e.action_id}`;

// element draws what a person can use, in an input block with its label, hint
// and error.
export function element(b, e, ctx) {
  const draw = drawn[e.type];
  if (!draw) return h("div", { class: "unknown" }, `An element of type “${e.type}”, which this page does not draw.`);
  if (b.type !== "input") return draw(b, e, ctx, { "aria-label": e.placeholder ? plain(e.placeholder) : undefined });
  return field(b, e, ctx, draw);
}

// field is an input block: label, element, hint and error tied together.
function field(b, e, ctx, draw) {
  const id = newID();
  const error = ctx.errors?.[b.block_id];
  const group = ["radio_buttons", "checkboxes"].includes(e.type);
  const described = [b.hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  const aria = {
    id: group ? undefined : id,
    "aria-labelledby": `${id}-label`,
    "aria-describedby": described || undefined,
    "aria-invalid": error ? "true" : undefined,
    "aria-required": b.optional || group ? undefined : "true",
  };
  return h("div", { class: error ? "field bad" : "field", "data-block": b.block_id },
    h(group ? "span" : "label", { class: "label", id: `${id}-label`, for: group ? undefined : id }, textObject(b.label, ctx.names),
      b.optional && h("span", { class: "soft" }, " (optional)")),
    draw(b, e, ctx, aria),
    error && h("p", { class: "error", id: `${id}-error`, role: "alert" }, error),
    b.hint && h("p", { class: "hint", id: `${id}-hint` }, textObject(b.hint, ctx.names)));
}

// tells says whether the app wants to hear of a change at once.
const tells = (b) => b.type !== "input" || b.dispatch_action === true;

function button(b, e, ctx) {
  const url = e.url && safeURL(e.url);
  const el = h(url ? "a" : "button", {
    type: url ? undefined : "button", href: url || undefined, target: url ? "_blank" : undefined, rel: url ? "noopener noreferrer" : undefined,
    class: `btn ${e.style ?? ""}`, "aria-label": e.accessibility_label, "data-key": `${keyOf(b, e)}=${e.value ?? ""}`, "data-action": e.action_id,
    onclick: async () => {
      if (el.getAttribute("aria-disabled") === "true") return;
      if (e.confirm && !(await confirmed(e.confirm, ctx.names))) return;
      el.setAttribute("aria-disabled", "true");
      const failure = await ctx.press(b, e);
      el.removeAttribute("aria-disabled");
      el.parentElement?.querySelectorAll(".triangle").forEach((t) => t.remove());
      if (failure) el.after(h("span", { class: "triangle", role: "alert", title: failure }, "⚠ ", failure));
    },
  }, textObject(e.text, ctx.names));
  return el;
}

function overflow(b, e, ctx) {
  return menu("More actions", "⋯", e.options.map((o) => ({
    text: plain(o.text),
    use: async () => {
      if (!e.confirm || (await confirmed(e.confirm, ctx.names))) ctx.set(b, e, o.value, { dispatch: true });
    },
  })));
}

const inputTypes = { plain_text_input: "text", email_text_input: "email", url_text_input: "url", number_input: "text" };

function textInput(b, e, ctx, aria) {
  const when = e.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  let timer;
  const el = h(e.multiline ? "textarea" : "input", {
    ...aria,
    type: e.multiline ? undefined : inputTypes[e.type], inputmode: e.type === "number_input" ? "decimal" : undefined,
    rows: e.multiline ? "4" : undefined, placeholder: plain(e.placeholder), maxlength: e.max_length ?? 3000,
    class: "box", "data-key": keyOf(b, e), "data-first": e.focus_on_load === true, spellcheck: e.multiline ? "true" : "false",
    oninput: () => {
      ctx.set(b, e, el.value, { dispatch: false });
      if (!tells(b) || !when.includes("on_character_entered")) return;
      clearTimeout(timer);
      timer = setTimeout(() => ctx.set(b, e, el.value, { dispatch: true }), 300);
    },
    onkeydown: (ev) => {
      if (ev.key !== "Enter" || ev.isComposing || !tells(b) || !when.includes("on_enter_pressed") || (e.multiline && ev.shiftKey)) return;
      ev.preventDefault();
      ctx.set(b, e, el.value, { dispatch: true });
    },
  });
  el.value = ctx.holds(b, e) ?? "";
  return el;
}

const choice = (o) => ({ value: o.value, text: plain(o.text), description: plain(o.description) });

// optionsOf lists a menu's own choices, groups marked.
function optionsOf(e, ctx) {
  const people = () => Object.entries(ctx.names.users).filter(([id]) => id !== "USLACKBOT").map(([id, u]) => ({ value: id, text: u.real || u.name }));
  const channels = () => Object.entries(ctx.names.names).filter(([, name]) => name).map(([id, name]) => ({ value: id, text: `#${name}` }));
  if (/users_select$/.test(e.type)) return people();
  if (/channels_select$/.test(e.type)) return channels();
  if (/conversations_select$/.test(e.type)) return [...channels(), ...people()];
  if (e.option_groups) return e.option_groups.flatMap((g) => g.options.map((o) => ({ ...choice(o), group: plain(g.label) })));
  return (e.options ?? []).map(choice);
}

function select(b, e, ctx, aria) {
  const outside = /external_select$/.test(e.type);
  const options = outside ? [] : optionsOf(e, ctx);
  let chosen = ctx.holds(b, e) ?? [];
  if (!outside && chosen.some((c) => !options.some((o) => o.value === c.value))) {
    chosen = chosen.filter((c) => options.some((o) => o.value === c.value));
    if (b.type === "input") ctx.set(b, e, chosen, { dispatch: false });
  }
  const words = (c) => ({ ...c, text: c.text || options.find((o) => o.value === c.value)?.text || c.value });
  return combobox({
    aria: { ...aria, "data-first": e.focus_on_load === true }, key: keyOf(b, e), options, chosen: chosen.map(words), multi: e.type.startsWith("multi_"), most: e.max_selected_items,
    placeholder: plain(e.placeholder) || "Choose", least: outside ? e.min_query_length ?? 3 : 0,
    search: outside ? (query) => ctx.suggest(b, e, query) : undefined,
    async onchange(now) {
      if (e.confirm && !(await confirmed(e.confirm, ctx.names))) return false;
      ctx.set(b, e, now, { dispatch: tells(b) });
      return true;
    },
  });
}

function ticks(b, e, ctx, aria) {
  const single = e.type === "radio_buttons";
  const name = newID();
  const held = () => ctx.holds(b, e) ?? [];
  return h("div", { ...aria, role: single ? "radiogroup" : "group", class: "ticks" }, e.options.map((o) => {
    const box = h("input", {
      type: single ? "radio" : "checkbox", name, "data-first": e.focus_on_load === true && o === e.options[0], "data-key": `${keyOf(b, e)}=${o.value}`,
      onchange: () => {
        const rest = single ? [] : held().filter((c) => c.value !== o.value);
        ctx.set(b, e, box.checked ? [...rest, choice(o)] : rest, { dispatch: tells(b) });
      },
    });
    box.checked = held().some((c) => c.value === o.value);
    return h("label", { class: "tick" }, box, h("span", null, textObject(o.text, ctx.names),
      o.description && h("span", { class: "hint" }, textObject(o.description, ctx.names))));
  }));
}

// pickers: what Slack keeps, and what the browser's own input holds.
const pickers = {
  datepicker: { type: "date", into: (v) => v, from: (v) => v },
  timepicker: { type: "time", into: (v) => v, from: (v) => v },
  datetimepicker: {
    type: "datetime-local",
    into: (v) => (v ? new Date(Number(v) * 1000 - new Date(Number(v) * 1000).getTimezoneOffset() * 60000).toISOString().slice(0, 16) : ""),
    from: (v) => (v ? String(Math.floor(new Date(v).getTime() / 1000)) : ""),
  },
};

function picker(b, e, ctx, aria) {
  const p = pickers[e.type];
  const el = h("input", {
    ...aria, type: p.type, class: "box", "data-key": keyOf(b, e), "data-first": e.focus_on_load === true,
    onchange: () => ctx.set(b, e, p.from(el.value), { dispatch: tells(b) }),
  });
  el.value = p.into(ctx.holds(b, e) ?? "");
  return el;
}

const drawn = { button, workflow_button: button, overflow, radio_buttons: ticks, checkboxes: ticks, image: (b, e) => h("span", { class: "picture" }, e.alt_text) };
for (const type of Object.keys(inputTypes)) drawn[type] = textInput;
for (const type of Object.keys(pickers)) drawn[type] = picker;
for (const kind of ["static", "external", "users", "conversations", "channels"]) {
  drawn[`${kind}_select`] = select;
  drawn[`multi_${kind}_select`] = select;
}
