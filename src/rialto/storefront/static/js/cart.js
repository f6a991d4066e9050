// The cart's count, its drawer, and changing lines without a load.
import { keepingFocus, load, post, say } from "./page.js";

const show = (count) => {
  for (const badge of document.querySelectorAll("[data-cart-count]")) {
    badge.textContent = count;
    badge.hidden = !count;
  }
};

async function count(link) {
  if (!/(^|; )has_cart=1/.test(document.cookie)) return;
  const reply = await fetch(`${link.pathname}/count.json`, { credentials: "same-origin" });
  if (reply.ok) show((await reply.json()).count);
}

function take(page) {
  const cart = page.querySelector("[data-cart]");
  if (!cart) throw new Error("no cart");
  show(Number(cart.dataset.cartCountValue));
  say((page.querySelector("#problems, .confirmation, #lines-title, .empty h2")?.textContent || "").trim());
  return document.adoptNode(cart);
}

const refill = (cart) => keepingFocus(() => document.querySelector("dialog[open] [data-cart], main [data-cart]").replaceWith(cart));

function open(cart) {
  const drawer = document.getElementById("cart-drawer");
  drawer.querySelector("[data-drawer-body]").replaceChildren(cart);
  drawer.showModal();
  drawer.querySelector("h2").focus();
}

// A failed shortcut falls back to the plain form.
async function send(form, then) {
  const button = form.querySelector("button");
  if (form.dataset.busy) return;
  form.dataset.busy = "1";
  button?.setAttribute("aria-busy", "true");
  try {
    then(take(await post(form)));
  } catch {
    form.submit();
  } finally {
    delete form.dataset.busy;
    button?.removeAttribute("aria-busy");
  }
}

export function startCart() {
  const link = document.querySelector("[data-cart-link]");
  const drawer = document.getElementById("cart-drawer");
  if (link) count(link).catch(() => {});
  if (!drawer?.showModal) return;
  drawer.addEventListener("click", (event) => {
    if (event.target === drawer || event.target.closest("[data-close]")) drawer.close();
  });
  drawer.addEventListener("close", () => drawer.querySelector("[data-drawer-body]").replaceChildren());
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const adds = form.matches("[data-add]");
    if ((!adds && !form.matches("[data-change]")) || event.submitter?.hasAttribute("formaction")) return;
    event.preventDefault();
    send(form, adds ? open : refill);
  });
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("[data-change]");
    if (form && event.target.type === "number" && event.target.value !== "") form.requestSubmit();
  });
  link?.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || document.querySelector("main [data-cart]")) return;
    event.preventDefault();
    load(link.href).then((page) => open(take(page))).catch(() => location.assign(link.href));
  });
}
