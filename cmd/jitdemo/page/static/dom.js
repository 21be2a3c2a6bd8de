// Small helpers for making elements. Data only ever becomes text nodes and
// attributes, never markup.

// h makes an element. Props: "class", "on…" functions, booleans, attributes.
export function h(tag, props, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) el.addEventListener(name.slice(2), value);
    else if (name === "href") el.setAttribute("href", safeURL(value) ?? "#");
    else el.setAttribute(name === "class" ? "class" : name, value === true ? "" : String(value));
  }
  put(el, children);
  return el;
}

// put appends nodes, strings and lists of them.
export function put(el, children) {
  for (const c of children.flat(Infinity)) {
    if (c !== null && c !== undefined && c !== false) el.append(c);
  }
  return el;
}

// safeURL is the address if it may be a link, else undefined.
export function safeURL(text) {
  try {
    const u = new URL(text);
    return ["http:", "https:", "mailto:"].includes(u.protocol) ? u.href : undefined;
  } catch {
    return undefined;
  }
}

// link shows text as a link where its address may be one.
export function link(url, ...children) {
  const href = safeURL(url);
  if (!href) return h("span", { class: "badlink", title: "This address is not a web or mail link" }, children);
  return h("a", { href, rel: "noopener noreferrer", target: "_blank" }, children);
}

// replace exchanges the children of el and keeps the focus, and the caret, on
// the element with the same data-key.
export function replace(el, ...children) {
  const held = document.activeElement;
  const key = held && el.contains(held) ? held.dataset.key : undefined;
  const caret = key && "selectionStart" in held ? [held.selectionStart, held.selectionEnd] : undefined;
  el.replaceChildren();
  put(el, children);
  if (!key) return;
  const next = [...el.querySelectorAll("[data-key]")].find((e) => e.dataset.key === key);
  next?.focus({ preventScroll: true });
  if (next && caret && caret[0] !== null && "setSelectionRange" in next) {
    try {
      next.setSelectionRange(...caret);
    } catch {
      // inputs of some types have no caret to set
    }
  }
}

let serial = 0;

// newID is an id for aria attributes.
export function newID() {
  serial += 1;
  return `x${serial}`;
}

// toast tells of a failure for a while.
export function toast(text) {
  const line = h("p", { class: "toast" }, text);
  document.getElementById("toasts").append(line);
  setTimeout(() => line.remove(), 7000);
}

// choices is the keyboard's way through a list: the index after a key.
export function step(key, at, count) {
  if (count === 0) return -1;
  if (key === "ArrowDown") return (at + 1) % count;
  if (key === "ArrowUp") return at <= 0 ? count - 1 : at - 1;
  return at;
}
