// What the reader chose to look at is kept in the browser; a browser that keeps
// nothing is fine too.

export function recall(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function keepInMind(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // private windows refuse
  }
}

// mine is kept for this window alone, so that two windows are two people.
export const mine = {
  recall(key) {
    try {
      return sessionStorage.getItem(key);
    } catch {
      return null;
    }
  },
  keep(key, value) {
    try {
      sessionStorage.setItem(key, value);
    } catch {
      // private windows refuse
    }
  },
};

// themes follows the system until the button chooses.
export function themes(button) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const words = () => { button.textContent = isDark() ? "Light" : "Dark"; button.setAttribute("aria-label", `Change to ${isDark() ? "light" : "dark"} colours`); };
  const kept = recall("jitdemo.theme");
  if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
  button.onclick = () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    keepInMind("jitdemo.theme", document.documentElement.dataset.theme);
    words();
  };
  dark.addEventListener("change", words);
  words();
}
