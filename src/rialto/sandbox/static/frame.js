// The card frame: asks its own origin for a token and tells the shop's page. Nothing typed here leaves otherwise.
"use strict";

const form = document.getElementById("card");
const notice = document.getElementById("notice");
const shop = form.dataset.parent;
const inputs = ["number", "expiry", "cvc", "name"].map((id) => document.getElementById(id));
let busy = false;

const tell = (message) => {
  if (window.parent !== window) window.parent.postMessage(message, shop);
};

const show = (id, text) => {
  const input = document.getElementById(id);
  document.getElementById(`${id}-error`).textContent = text;
  if (text) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
};

const announce = (text) => {
  notice.textContent = text;
  notice.hidden = !text;
};

const fail = (code, message, errors) => {
  if (!errors.length) announce(message);
  errors.forEach((error) => show(error.field, error.message));
  const first = errors.length && document.getElementById(errors[0].field);
  if (first) first.focus();
  tell({ type: "rialto-sandbox:error", code, message: errors.length ? errors[0].message : message, fields: errors.map((error) => error.field) });
};

async function ask() {
  const card = Object.fromEntries(inputs.map((input) => [input.name, input.value]));
  const reply = await fetch("/v1/tokens", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${form.dataset.key}` },
    body: JSON.stringify({ ...card, language: document.documentElement.lang }),
  });
  return [reply.ok, await reply.json()];
}

async function submit() {
  if (busy) return;
  busy = true;
  announce("");
  inputs.forEach((input) => show(input.id, ""));
  try {
    const [accepted, answer] = await ask();
    if (accepted) tell({ type: "rialto-sandbox:token", token: answer.token, label: answer.label });
    else fail(answer.code, answer.errors ? answer.detail : form.dataset.unreachable, answer.errors || []);
  } catch {
    fail("unreachable", form.dataset.unreachable, []);
  } finally {
    busy = false;
  }
}

const digits = (text) => text.replace(/\D/g, "");

function groupNumber(text) {
  const plain = digits(text).slice(0, 19);
  const groups = /^3[47]/.test(plain) ? plain.match(/^(\d{1,4})(\d{1,6})?(\d{1,5})?/)?.slice(1) : plain.match(/\d{1,4}/g);
  return (groups || []).filter(Boolean).join(" ");
}

function groupExpiry(text) {
  const plain = /^\s*\d\s*\//.test(text) ? `0${digits(text)}` : digits(text);
  return plain.length < 2 ? plain : `${plain.slice(0, 2)} / ${plain.slice(2, 6)}`;
}

// Only while typing at the end: a correction in the middle must not move the cursor.
function tidy(event) {
  const input = event.target;
  show(input.id, "");
  if (input.selectionStart !== input.value.length || (event.inputType || "").startsWith("delete")) return;
  if (input.id === "number") input.value = groupNumber(input.value);
  if (input.id === "expiry") input.value = groupExpiry(input.value);
  if (input.id === "cvc") input.value = digits(input.value);
}

window.addEventListener("message", (event) => {
  if (event.source === window.parent && event.origin === shop && event.data && event.data.type === "rialto-sandbox:submit") submit();
});
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", tidy);
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.tagName === "INPUT") {
    event.preventDefault();
    tell({ type: "rialto-sandbox:enter" });
  }
});
document.querySelectorAll(".fill").forEach((button) => button.addEventListener("click", () => {
  const filled = { number: button.dataset.number, expiry: "12 / 34", cvc: "123", name: "Ada Example" };
  inputs.forEach((input) => {
    input.value = filled[input.id];
    show(input.id, "");
  });
  document.getElementById("number").focus();
}));
// scrollHeight of the root never shrinks below the viewport, the body's own height does.
const height = () => tell({ type: "rialto-sandbox:height", height: Math.ceil(document.body.getBoundingClientRect().height) });
new ResizeObserver(height).observe(document.body);
height();
tell({ type: "rialto-sandbox:ready" });
