import { act } from "./api.js";

// Form is what a person has typed and chosen in one view, a modal or the Home
// tab. It outlives the view's redrawing: what has the same block and action
// keeps what was typed.
export class Form {
  constructor(me, id) {
    this.me = me;
    this.id = id;
    this.drafts = new Map(); // by block/action: {value, told}
    this.view = undefined;
    this.lacking = {}; // by block: what Slack itself refused to send
  }

  // context is the ctx of blocks.js for the view as it is now.
  context(names) {
    return {
      names,
      errors: { ...this.view.errors, ...this.lacking },
      holds: (b, e) => this.holds(b, e),
      set: (b, e, value, how) => this.set(b, e, value, how),
      press: async (b, e) => (await act("press", this.order(b, e, { values: this.typed(false) }), { quiet: true })).failure,
      suggest: async (b, e, text) => {
        const r = await act("suggest", this.order(b, e, { text, values: this.typed(false) }), { quiet: true });
        return r.failure ? undefined : (r.options ?? []).map((o) => ({ value: o.Value, text: o.Text }));
      },
    };
  }

  order(b, e, more) {
    return { as: this.me, view: this.id, block: b.block_id, action: e.action_id, ...more };
  }

  holds(b, e) {
    const draft = this.drafts.get(`${b.block_id}/${e.action_id}`);
    if (draft) return draft.value;
    return stored(this.view.state?.values?.[b.block_id]?.[e.action_id]);
  }

  set(b, e, value, { dispatch }) {
    this.drafts.set(`${b.block_id}/${e.action_id}`, { value, told: dispatch });
    if (dispatch) act("fill", this.order(b, e, { value: wire(value, e), values: this.typed(false) }));
  }

  // typed is what the app has not been told. Elements that tell of each change
  // are left out unless the view is submitted, or they would tell again.
  typed(submitting) {
    const out = {};
    for (const b of this.view.blocks) {
      for (const e of [b.element, b.accessory, ...(b.elements ?? [])]) {
        const key = `${b.block_id}/${e?.action_id}`;
        const draft = this.drafts.get(key);
        if (!draft || draft.told) continue;
        if (submitting || (b.type === "input" && !b.dispatch_action)) out[key] = wire(draft.value, e);
      }
    }
    return out;
  }
}

// wire is a value as an order carries it: text, a list, or null for nothing.
function wire(value, e) {
  if (!Array.isArray(value)) return value === "" || value === undefined ? null : value;
  const all = value.map((c) => c.value);
  if (e.type.startsWith("multi_") || e.type === "checkboxes") return all;
  return all[0] ?? null;
}

// stored reads a value of state.values: text, or a list of {value, text}.
function stored(s) {
  if (!s) return undefined;
  const option = (o) => ({ value: o.value, text: o.text?.text });
  const id = (v) => ({ value: v });
  if (s.selected_option !== undefined) return s.selected_option ? [option(s.selected_option)] : [];
  if (s.selected_options) return s.selected_options.map(option);
  for (const kind of ["user", "conversation", "channel"]) {
    if (s[`selected_${kind}`] !== undefined) return s[`selected_${kind}`] ? [id(s[`selected_${kind}`])] : [];
    if (s[`selected_${kind}s`]) return s[`selected_${kind}s`].map(id);
  }
  const text = s.value ?? s.selected_date ?? s.selected_time ?? s.selected_date_time;
  return text === null || text === undefined ? "" : String(text);
}
