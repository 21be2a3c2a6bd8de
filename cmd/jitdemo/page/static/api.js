import { toast } from "./dom.js";

// act posts an order and gives what came of it: {failure, text, errors, options}.
// Failures that no other place shows are told in a corner of the page.
export async function act(name, order, { quiet = false } = {}) {
  let result;
  try {
    const response = await fetch(`/do/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(order),
    });
    result = response.ok ? await response.json() : { failure: (await response.text()).trim() };
  } catch {
    result = { failure: "The demo does not answer. Is it still running?" };
  }
  if (result.failure && !quiet) toast(result.failure);
  return result;
}

// listen opens the stream of one person's view and returns how to end it.
export function listen(as, on) {
  const source = new EventSource(`/events?as=${encodeURIComponent(as)}`);
  for (const kind of ["clock", "slack", "world"]) {
    source.addEventListener(kind, (e) => on[kind](JSON.parse(e.data)));
  }
  source.onopen = () => on.open();
  source.onerror = () => on.lost();
  return () => source.close();
}
