// The one script of every page. Everything here shortens a way that also works without it.
import { startCart } from "./cart.js";
import { startListing } from "./listing.js";
import { startProduct } from "./product.js";
import { startPayment } from "./payment.js";

document.getElementById("problems")?.focus();

for (const link of document.querySelectorAll("[data-language]")) {
  link.addEventListener("click", () => {
    document.cookie = `language=${link.dataset.language}; path=/; max-age=31536000; samesite=lax`;
  });
}

// One order per press: the button says that it is working until the next page is there.
for (const form of document.querySelectorAll("[data-once]")) {
  const button = form.querySelector("button");
  const text = button.textContent;
  form.addEventListener("submit", () => {
    button.disabled = true;
    button.textContent = button.dataset.working;
  });
  addEventListener("pageshow", () => {
    button.disabled = false;
    button.textContent = text;
  });
}

for (const menu of document.querySelectorAll(".tool-menu")) {
  document.addEventListener("click", (event) => menu.contains(event.target) || (menu.open = false));
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

const search = document.querySelector("[data-suggest]");
if (search) {
  const start = () => import(search.dataset.suggest).then((part) => part.start(search)).catch(() => {});
  if (document.activeElement === search.elements.q) start();
  else search.elements.q.addEventListener("focus", start, { once: true });
}

const recent = document.querySelector("[data-recent]");
if (recent) import(recent.dataset.script).then((part) => part.start(recent)).catch(() => {});

startCart();
startListing();
startProduct();
startPayment();
