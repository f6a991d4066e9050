// The provider's card fields stand in a frame of its own origin; what comes back is a token and a label, never a number.
const PATIENCE_MS = 8000;

export function startPayment() {
  const root = document.querySelector("[data-pay]");
  if (!root) return;
  const { origin, src, title, away } = root.dataset;
  const form = root.querySelector("[data-pay-form]");
  const place = root.querySelector("[data-pay-frame]");
  const error = root.querySelector("[data-pay-error]");
  const button = form.querySelector("button");
  const frame = document.createElement("iframe");
  frame.src = src;
  frame.title = title;

  const fail = (text) => {
    error.textContent = text;
    error.hidden = !text;
    button.disabled = false;
  };
  const hosted = () => {
    // What stands below stays where it is.
    root.style.minHeight = `${root.offsetHeight}px`;
    place.remove();
    form.remove();
    root.classList.add("pay--hosted");
  };
  const ask = () => {
    fail("");
    button.disabled = true;
    frame.contentWindow.postMessage({ type: "rialto-sandbox:submit" }, origin);
  };
  const answers = {
    height: ({ height }) => (frame.height = Math.min(Math.max(Number(height) || 0, 200), 1200)),
    enter: ask,
    // What is wrong with a field stands beside it in the frame; only the rest is said here.
    error: ({ message, fields }) => fail(fields?.length ? "" : String(message || away)),
    token: ({ token, label }) => {
      form.elements.token.value = String(token);
      form.elements.label.value = String(label || "");
      form.submit();
    },
  };

  // A frame that never speaks is a provider that is away, or one that is blocked: then the other way is shown.
  const waiting = setTimeout(hosted, PATIENCE_MS);
  addEventListener("message", (event) => {
    if (event.origin !== origin || event.source !== frame.contentWindow || typeof event.data?.type !== "string") return;
    clearTimeout(waiting);
    const [sender, kind] = event.data.type.split(":");
    if (sender === "rialto-sandbox" && Object.hasOwn(answers, kind)) answers[kind](event.data);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  place.hidden = form.hidden = false;
  place.append(frame);
}
