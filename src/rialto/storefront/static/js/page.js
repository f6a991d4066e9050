// Pages as pieces: fetch one of our own, take what is needed, say aloud what changed.
export const say = (text) => {
  const status = document.querySelector("[data-status]");
  if (status) status.textContent = text;
};

export async function load(url, options = {}) {
  const reply = await fetch(url, { credentials: "same-origin", ...options });
  const type = reply.headers.get("content-type") || "";
  if (!type.startsWith("text/html") || reply.status >= 500) throw new Error(String(reply.status));
  return new DOMParser().parseFromString(await reply.text(), "text/html");
}

export const post = (form) =>
  load(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });

// After a part was replaced, focus goes to what took the place of the focused thing.
export function keepingFocus(change) {
  const active = document.activeElement;
  const id = active?.id;
  const label = active?.getAttribute("aria-label");
  change();
  if (document.contains(active)) return;
  const again = (id && document.getElementById(id)) || (label && document.querySelector(`[aria-label="${CSS.escape(label)}"]`));
  (again || document.querySelector("dialog[open] h2, main"))?.focus();
}
