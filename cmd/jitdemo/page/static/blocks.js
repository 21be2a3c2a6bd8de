import { h, link } from "./dom.js";
import { channelMention, emojiOf, groupMention, mention, mrkdwn, textObject } from "./mrkdwn.js";
import { slackDate } from "./time.js";
import { element } from "./elements.js";

// blocks renders Block Kit. ctx says what ids mean and what using an element
// does:
//   names             users, groups and channels
//   holds(block, el)  what an element holds: text, or a list of {value, text}
//   set(block, el, value, {dispatch})  it was changed
//   press(block, el)  it was pressed; gives a failure or nothing
//   suggest(block, el, query)          options of an external select
//   errors            field errors by block_id
export function blocks(list, ctx) {
  return (list ?? []).map((b) => (kinds[b.type] ?? unknown)(b, ctx));
}

const kinds = {
  section: (b, ctx) => h("div", { class: "b-section" },
    h("div", { class: "b-text" },
      b.text && h("div", { class: "text" }, textObject(b.text, ctx.names)),
      b.fields && h("div", { class: "b-fields" }, b.fields.map((f) => h("div", { class: "text" }, textObject(f, ctx.names))))),
    b.accessory && h("div", { class: "b-accessory" }, element(b, b.accessory, ctx))),

  header: (b, ctx) => h("h3", { class: "b-header" }, textObject(b.text, ctx.names)),

  divider: () => h("hr", { class: "b-divider" }),

  context: (b, ctx) => h("div", { class: "b-context" }, b.elements.map((e) => (e.type === "image"
    ? h("span", { class: "picture" }, e.alt_text)
    : h("span", { class: "text" }, textObject(e, ctx.names))))),

  actions: (b, ctx) => h("div", { class: "b-actions" }, b.elements.map((e) => element(b, e, ctx))),

  input: (b, ctx) => element(b, b.element, ctx),

  image: (b, ctx) => h("figure", { class: "picture" }, "Picture: ", b.alt_text, b.title && h("figcaption", null, textObject(b.title, ctx.names))),

  rich_text: (b, ctx) => h("div", { class: "b-rich" }, b.elements.map((e) => rich(e, ctx.names))),

  markdown: (b, ctx) => h("div", { class: "text" }, mrkdwn(b.text, ctx.names, true)),

  table: (b, ctx) => h("div", { class: "b-table" }, h("table", null, b.rows.map((row, i) => h("tr", null,
    row.map((c) => h(i === 0 ? "th" : "td", null, c.type === "rich_text" ? c.elements.map((e) => rich(e, ctx.names)) : c.text)))))),
};

function unknown(b) {
  return h("div", { class: "unknown" }, `A block of type “${b.type}”, which this page does not draw.`);
}

function rich(e, names) {
  switch (e.type) {
    case "rich_text_section":
      return h("div", { class: "text" }, e.elements.map((x) => richInline(x, names)));
    case "rich_text_preformatted":
      return h("pre", null, e.elements.map((x) => richInline(x, names)));
    case "rich_text_quote":
      return h("blockquote", null, e.elements.map((x) => richInline(x, names)));
    case "rich_text_list":
      return h(e.style === "ordered" ? "ol" : "ul", { class: `indent${Math.min(e.indent ?? 0, 4)}` },
        e.elements.map((x) => h("li", null, rich(x, names))));
    default:
      return unknown(e);
  }
}

function richInline(e, names) {
  switch (e.type) {
    case "text":
      return styled(document.createTextNode(e.text), e.style);
    case "link":
      return styled(link(e.url, e.text || e.url), e.style);
    case "emoji":
      return document.createTextNode(emojiOf(e.name));
    case "user":
      return mention(e.user_id, names);
    case "usergroup":
      return groupMention(e.usergroup_id, names);
    case "channel":
      return channelMention(e.channel_id, names);
    case "broadcast":
      return h("span", { class: "mention" }, `@${e.range}`);
    case "date":
      return h("time", null, slackDate(e.timestamp, e.format ?? "") ?? e.fallback ?? "");
    case "color":
      return h("code", null, e.value);
    default:
      return unknown(e);
  }
}

function styled(node, style) {
  let out = node;
  for (const [key, tag] of [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"]]) {
    if (style?.[key]) out = h(tag, null, out);
  }
  return out;
}
