import { h, link, safeURL } from "./dom.js";
import { slackDate } from "./time.js";

// Slack's mrkdwn as nodes. names knows who and what an id is:
// {users: {id: {name, real}}, groups: {id: handle}, names: {id: channel}}.

const emoji = {
  white_check_mark: "✅", x: "❌", warning: "⚠️", lock: "🔒", unlock: "🔓", hourglass: "⏳", hourglass_flowing_sand: "⏳",
  eyes: "👀", key: "🔑", no_entry: "⛔", no_entry_sign: "🚫", rotating_light: "🚨", information_source: "ℹ️",
  thumbsup: "👍", "+1": "👍", wave: "👋", tada: "🎉", clock1: "🕐", alarm_clock: "⏰", bell: "🔔", red_circle: "🔴", large_green_circle: "🟢",
};

export const emojiOf = (name) => emoji[name] ?? `:${name}:`;

const decode = (s) => s.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

export function mention(id, names) {
  const who = names.users[id];
  return h("span", { class: id === names.me ? "mention me" : "mention" }, `@${who ? who.real || who.name : id}`);
}

export function groupMention(id, names) {
  return h("span", { class: "mention" }, `@${names.groups[id] ?? id}`);
}

export function channelMention(id, names, label) {
  return h("span", { class: "mention" }, `#${names.names[id] || label || id}`);
}

// token renders what stands between < and >.
function token(inner, names) {
  const bar = inner.indexOf("|");
  const head = bar < 0 ? inner : inner.slice(0, bar);
  const label = bar < 0 ? "" : decode(inner.slice(bar + 1));
  if (/^@[UW]/.test(head)) return mention(head.slice(1), names);
  if (/^#C/.test(head)) return channelMention(head.slice(1), names, label);
  if (head.startsWith("!subteam^")) return groupMention(head.slice(9), names);
  if (head.startsWith("!date^")) {
    const [, seconds, form, url] = head.split("^");
    const text = slackDate(seconds, form ?? "") ?? label;
    const stamp = h("time", { datetime: isoOf(seconds), title: label }, text);
    return url && safeURL(url) ? link(url, stamp) : stamp;
  }
  if (/^!(here|channel|everyone)/.test(head)) return h("span", { class: "mention" }, `@${head.slice(1)}`);
  if (safeURL(decode(head))) return link(decode(head), label || decode(head).replace(/^mailto:/, ""));
  return document.createTextNode(`<${decode(inner)}>`);
}

function isoOf(seconds) {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

const marks = { "*": "strong", _: "em", "~": "s" };

// A mark opens after a gap and before a letter, and closes the other way round.
const opens = (text, i) => (i === 0 || /[\s\p{P}\p{S}]/u.test(text[i - 1])) && /\S/.test(text[i + 1] ?? " ") && text[i + 1] !== text[i];
const closes = (text, i) => /\S/.test(text[i - 1] ?? " ") && (i + 1 === text.length || /[\s\p{P}\p{S}]/u.test(text[i + 1]));

function closing(text, from, mark) {
  for (let i = from; i < text.length && text[i] !== "\n"; i++) {
    if (text[i] === "<") {
      const end = text.indexOf(">", i);
      if (end > 0) i = end;
    } else if (text[i] === mark && i > from && closes(text, i)) return i;
  }
  return -1;
}

// inline renders one run of text.
export function inline(text, names, verbatim = true) {
  const out = [];
  let plain = "";
  const flush = () => {
    if (plain) out.push(...words(decode(plain), verbatim));
    plain = "";
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    let end = -1;
    if (c === "<" && (end = text.indexOf(">", i)) > i) {
      flush();
      out.push(token(text.slice(i + 1, end), names));
      i = end;
    } else if (c === "`" && (end = text.indexOf("`", i + 1)) > i + 1 && !text.slice(i, end).includes("\n")) {
      flush();
      out.push(h("code", null, codeText(text.slice(i + 1, end), names)));
      i = end;
    } else if (marks[c] && opens(text, i) && (end = closing(text, i + 1, c)) > 0) {
      flush();
      out.push(h(marks[c], null, inline(text.slice(i + 1, end), names, verbatim)));
      i = end;
    } else plain += c;
  }
  flush();
  return out;
}

// codeText: inside code only mentions and links live, marks are characters.
function codeText(text, names) {
  return text.split(/(<[^<>\n]+>)/).filter(Boolean).map((p) => (p.startsWith("<") && p.endsWith(">") ? token(p.slice(1, -1), names) : decode(p)));
}

// words finds emoji and, unless the text is verbatim, bare links.
function words(text, verbatim) {
  const parts = text.split(verbatim ? /(:[a-z0-9_+-]+:)/ : /(:[a-z0-9_+-]+:|https?:\/\/[^\s<>]+[^\s<>.,;:!?)\]'"])/);
  return parts.filter(Boolean).map((p) => {
    if (/^:[a-z0-9_+-]+:$/.test(p)) return document.createTextNode(emojiOf(p.slice(1, -1)));
    if (!verbatim && /^https?:/.test(p)) return link(p, p);
    return document.createTextNode(p);
  });
}

// mrkdwn renders a whole text: code blocks, quotes, lines.
export function mrkdwn(text, names, verbatim = false) {
  const out = [];
  text.split(/```/).forEach((part, i) => {
    if (i % 2 === 1) {
      out.push(h("pre", null, codeText(part.replace(/^\n|\n$/g, ""), names)));
      return;
    }
    let quote = [];
    const flush = () => {
      if (quote.length) out.push(h("blockquote", null, inline(quote.join("\n"), names, verbatim)));
      quote = [];
    };
    const lines = part.replace(i > 0 ? /^\n/ : /^$/, "").split("\n");
    let run = [];
    const flushRun = () => {
      if (run.some((l) => l !== "")) out.push(h("span", { class: "run" }, inline(run.join("\n"), names, verbatim)));
      run = [];
    };
    for (const line of lines) {
      if (/^(&gt;|>)/.test(line)) {
        flushRun();
        quote.push(line.replace(/^(&gt;|>) ?/, ""));
      } else {
        flush();
        run.push(line);
      }
    }
    flush();
    flushRun();
  });
  return out;
}

// textOf renders a text object.
export function textObject(t, names) {
  if (!t) return [];
  if (t.type === "mrkdwn") return mrkdwn(t.text, names, t.verbatim === true);
  return t.emoji === false ? [t.text] : [t.text.replace(/:([a-z0-9_+-]+):/g, (_, n) => emojiOf(n))];
}
