// The demo's clock, and times as Slack writes them.

let ahead = 0; // how far the demo's time is ahead of this browser's, in ms

export const setNow = (ms) => { ahead = ms - Date.now(); };
export const now = () => Date.now() + ahead;

const same = (a, b) => a.toDateString() === b.toDateString();

export function timeOf(ms) {
  return new Date(ms).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
}

// dayOf is "today", "yesterday", "tomorrow", or the date in the given form.
function dayOf(date, options, pretty) {
  if (pretty) {
    const day = new Date(now());
    if (same(date, day)) return "today";
    day.setDate(day.getDate() - 1);
    if (same(date, day)) return "yesterday";
    day.setDate(day.getDate() + 2);
    if (same(date, day)) return "tomorrow";
  }
  return date.toLocaleDateString([], options);
}

const long = { weekday: "long", year: "numeric", month: "long", day: "numeric" };
const middle = { year: "numeric", month: "long", day: "numeric" };
const short = { year: "numeric", month: "short", day: "numeric" };

function ago(date) {
  const minutes = Math.round((date.getTime() - now()) / 60000);
  const words = new Intl.RelativeTimeFormat([], { numeric: "auto" });
  return Math.abs(minutes) < 90 ? words.format(minutes, "minute") : words.format(Math.round(minutes / 60), "hour");
}

// slackDate fills the form of a date token, {date_short_pretty} and so on.
// undefined: the form has a word that Slack does not know.
export function slackDate(seconds, form) {
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return undefined;
  const words = {
    date: () => dayOf(date, middle), date_pretty: () => dayOf(date, middle, true),
    date_short: () => dayOf(date, short), date_short_pretty: () => dayOf(date, short, true),
    date_long: () => dayOf(date, long), date_long_pretty: () => dayOf(date, long, true),
    date_num: () => dayOf(date, { year: "numeric", month: "2-digit", day: "2-digit" }),
    time: () => timeOf(date.getTime()),
    time_secs: () => date.toLocaleTimeString(),
    ago: () => ago(date),
  };
  let bad = false;
  let text = form.replace(/\{([a-z_]+)\}/g, (whole, word) => {
    if (words[word]) return words[word]();
    bad = true;
    return whole;
  });
  if (/^\{date\w*_pretty\}/.test(form)) text = text.charAt(0).toUpperCase() + text.slice(1);
  return bad ? undefined : text;
}

// left is a span in words: "1 h 04 min", "3:07".
export function left(ms) {
  const s = Math.max(0, Math.ceil(ms / 1000));
  if (s >= 3600) return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")} min`;
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}

// watchClock keeps the clock on the page going.
export function watchClock(everySecond) {
  const face = document.getElementById("clock");
  const more = document.getElementById("ahead");
  const show = () => {
    const date = new Date(now());
    face.textContent = date.toLocaleString([], { weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit", second: "2-digit" });
    face.dateTime = date.toISOString();
    const minutes = Math.round(ahead / 60000);
    more.textContent = minutes > 0 ? `${minutes >= 60 ? `${Math.floor(minutes / 60)} h ` : ""}${minutes % 60} min ahead` : "";
    everySecond();
  };
  show();
  setInterval(show, 1000);
  return show;
}
