import { h, newID, step } from "./dom.js";

// combobox is a select that is searched by typing. opt: {aria, key, options,
// chosen, multi, most, placeholder, least, search(query), onchange(chosen)}.
// With search the options come from there, otherwise from options.
export function combobox(opt) {
  const listID = newID();
  let chosen = opt.chosen;
  let shown = [];
  let at = -1;
  let open = false;
  let query = 0; // the number of the newest search
  let timer;

  const input = h("input", {
    ...opt.aria, class: "box", type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", "data-key": opt.key,
    "aria-expanded": "false", "aria-controls": listID, "aria-autocomplete": "list",
    onfocus: () => input.select(),
    onclick: () => show(""),
    oninput: () => show(input.value),
    onblur: leave,
    onkeydown: keys,
    onkeypress: (ev) => { if (ev.key === "Enter") ev.preventDefault(); },
  });
  const list = h("ul", { class: "options", id: listID, role: "listbox", hidden: true, "aria-label": "Choices", "aria-multiselectable": opt.multi ? "true" : undefined });
  const chips = h("span", { class: "chips" });
  const el = h("div", { class: opt.multi ? "combo multi" : "combo" }, chips, input, list);
  list.addEventListener("mousedown", (ev) => ev.preventDefault()); // the focus stays in the input
  settle();

  // settle shows what is chosen.
  function settle() {
    input.placeholder = opt.multi && chosen.length ? "" : opt.placeholder;
    input.value = opt.multi ? "" : chosen[0]?.text ?? "";
    if (!opt.multi) return;
    chips.replaceChildren(...chosen.map((c) => h("span", { class: "chip" }, c.text,
      h("button", { type: "button", "aria-label": `Remove ${c.text}`, onclick: () => take(chosen.filter((x) => x !== c)) }, "×"))));
  }

  async function take(next) {
    const before = chosen;
    chosen = next;
    settle();
    if ((await opt.onchange(next)) === false) {
      chosen = before;
      settle();
    }
  }

  // show opens the list with what fits the text.
  function show(text) {
    if (!open) {
      addEventListener("resize", place);
      document.addEventListener("scroll", place, true);
    }
    open = true;
    if (!opt.search) {
      const small = text.toLowerCase();
      draw(opt.options.filter((o) => o.text.toLowerCase().includes(small)), "Nothing fits");
      return;
    }
    if (text.length < opt.least) {
      draw([], `Type ${opt.least - text.length} more ${opt.least - text.length === 1 ? "character" : "characters"} to search`);
      return;
    }
    clearTimeout(timer);
    draw([], "Searching…");
    query += 1; // at once: the answer to an earlier text must not be chosen from
    const mine = query;
    timer = setTimeout(async () => {
      const found = await opt.search(text);
      if (!open || mine !== query) return;
      draw(found ?? [], found ? "Nothing found" : "The search failed");
    }, text ? 120 : 0);
  }

  function draw(options, empty) {
    shown = options;
    at = options.findIndex((o) => chosen.some((c) => c.value === o.value));
    if (at < 0 && options.length) at = 0;
    const rows = [];
    let group;
    options.forEach((o, i) => {
      if (o.group && o.group !== group) rows.push(h("li", { class: "group-label", role: "presentation" }, o.group));
      group = o.group;
      const has = chosen.some((c) => c.value === o.value);
      rows.push(h("li", { class: "option", role: "option", id: `${listID}-${i}`, "aria-selected": has ? "true" : "false", onclick: () => pick(i) },
        h("span", { class: "check", "aria-hidden": "true" }, has ? "✓" : ""),
        h("span", null, o.text, o.description && h("span", { class: "hint" }, o.description))));
    });
    if (!options.length) rows.push(h("li", { class: "note", role: "presentation" }, empty));
    list.replaceChildren(...rows);
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    place();
    move();
  }

  // place puts the list under the input, or over it where there is more room.
  function place(ev) {
    if (ev?.target === list) return;
    if (!el.isConnected) {
      hide();
      return;
    }
    const box = el.getBoundingClientRect();
    const below = innerHeight - box.bottom - 12;
    const up = below < 160 && box.top > below;
    list.style.left = `${box.left}px`;
    list.style.width = `${box.width}px`;
    list.style.maxHeight = `${Math.min(240, up ? box.top - 12 : below)}px`;
    list.style.top = up ? "auto" : `${box.bottom + 4}px`;
    list.style.bottom = up ? `${innerHeight - box.top + 4}px` : "auto";
  }

  function move() {
    list.querySelectorAll(".option").forEach((row, i) => row.classList.toggle("at", i === at));
    const row = at >= 0 ? list.querySelectorAll(".option")[at] : undefined;
    row?.scrollIntoView({ block: "nearest" });
    if (row) input.setAttribute("aria-activedescendant", row.id);
    else input.removeAttribute("aria-activedescendant");
  }

  function hide() {
    open = false;
    removeEventListener("resize", place);
    document.removeEventListener("scroll", place, true);
    clearTimeout(timer);
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function pick(i) {
    const o = shown[i];
    if (!o) return;
    if (!opt.multi) {
      hide();
      take([o]);
      return;
    }
    const has = chosen.some((c) => c.value === o.value);
    if (!has && opt.most && chosen.length >= opt.most) return;
    hide();
    take(has ? chosen.filter((c) => c.value !== o.value) : [...chosen, o]);
  }

  function leave() {
    hide();
    // An emptied input is no choice; half a word is none either, so the old one stays.
    if (!opt.multi && input.value === "" && chosen.length) take([]);
    else settle();
  }

  function keys(ev) {
    if (ev.key === "ArrowDown" || ev.key === "ArrowUp") {
      ev.preventDefault();
      if (!open) show("");
      else {
        at = step(ev.key, at, shown.length);
        move();
      }
    } else if (ev.key === "Enter") {
      ev.preventDefault(); // or it would submit the form
      if (open) pick(at);
      else show("");
    } else if (ev.key === "Escape" && open) {
      ev.preventDefault();
      ev.stopPropagation();
      hide();
      settle();
    } else if (ev.key === "Backspace" && opt.multi && input.value === "" && chosen.length) {
      take(chosen.slice(0, -1));
    }
  }

  return el;
}
