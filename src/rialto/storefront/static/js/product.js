// Another variant without a load: picture, price, stock, SKU and address change together. Steppers and the picture strip.
import { say } from "./page.js";

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

const matches = (variant, options) => Object.entries(options).filter(([code, value]) => variant.options[code] === value).length;

function switcher(root, data) {
  const text = (selector, value) => root.querySelectorAll(selector).forEach((element) => (element.textContent = value));
  const button = root.querySelector("[data-buy]");
  const waiting = root.querySelector("[data-waiting]");
  const buyText = root.querySelector("[data-buy-text]");
  const add = buyText && !button.disabled ? buyText.textContent : null;
  let current = data.variants.find((variant) => variant.sku === root.querySelector("[data-sku-text]")?.textContent);

  const price = (variant) => {
    const place = root.querySelector("[data-price]");
    if (!place) return;
    const now = make(variant.compare_at ? "ins" : "span", { class: `price${variant.compare_at ? " price--reduced" : ""}` }, variant.price);
    place.replaceChildren(now);
    if (variant.compare_at) place.append(" ", make("del", { class: "price price--before" }, variant.compare_at));
    const lowest = root.querySelector("[data-lowest]");
    lowest.textContent = variant.lowest;
    lowest.hidden = !variant.lowest;
    const perUnit = root.querySelector("[data-unit-price]");
    perUnit.textContent = variant.unit_price;
    perUnit.hidden = !variant.unit_price;
  };

  const pictures = (variant) => {
    const strip = root.querySelector("[data-strip]");
    const thumbs = root.querySelector("[data-thumbs]");
    const chosen = variant.pictures.map((index) => data.pictures[index]);
    if (!chosen.length || strip.querySelector("img").getAttribute("src") === chosen[0].src) return;
    const sizes = strip.querySelector("img").sizes;
    const image = (picture, width) =>
      make("img", { sizes: width, srcset: picture.srcset, src: picture.src, width: picture.width, height: picture.height, alt: picture.alt });
    strip.replaceChildren(...chosen.map((picture, index) => make("figure", { id: `picture-${index + 1}` }, image(picture, sizes))));
    thumbs.hidden = chosen.length < 2;
    const labels = [...thumbs.querySelectorAll("a")].map((link) => link.getAttribute("aria-label"));
    thumbs.replaceChildren(
      ...chosen.map((picture, index) =>
        make("li", {}, make("a", { href: `#picture-${index + 1}`, "aria-label": labels[index] || String(index + 1) }, image({ ...picture, alt: "" }, "5rem"))),
      ),
    );
    strip.scrollTo({ left: 0, behavior: "instant" });
  };

  const choices = (variant) => {
    for (const link of root.querySelectorAll("[data-option]")) {
      const { option, value, label } = link.dataset;
      const would = { ...variant.options, [option]: value };
      const there = data.variants.find((other) => Object.keys(would).every((code) => other.options[code] === would[code]));
      const problem = !there ? "missing" : there.band === "sold_out" ? "sold_out" : "";
      link.className = `choice${problem ? ` choice--${problem}` : ""}`;
      link.search = new URLSearchParams(would);
      link.querySelector("[data-hint]").textContent = problem ? ` (${data.hints[problem]})` : "";
      if (variant.options[option] === value) {
        link.setAttribute("aria-current", "true");
        text(`[data-chosen="${option}"]`, label);
      } else link.removeAttribute("aria-current");
    }
  };

  return (link) => {
    const would = { ...current?.options, [link.dataset.option]: link.dataset.value };
    const fitting = data.variants.filter((variant) => variant.options[link.dataset.option] === link.dataset.value);
    const next = fitting.sort((a, b) => matches(b, would) - matches(a, would))[0];
    if (!next || (add === null && next.band !== "sold_out")) return false;
    current = next;
    const sold = next.band === "sold_out";
    text("[data-sku-text]", next.sku);
    text("[data-band-text]", next.band_text);
    root.querySelector("[data-band]").dataset.band = next.band;
    if (button) {
      root.querySelector("[data-sku]").value = next.sku;
      button.disabled = sold;
      buyText.textContent = sold ? next.band_text : add;
    }
    if (waiting) {
      waiting.hidden = !sold;
      waiting.elements.sku.value = next.sku;
      waiting.querySelector("a").search = new URLSearchParams({ sku: next.sku });
    }
    price(next);
    pictures(next);
    choices(next);
    history.replaceState(null, "", link.search);
    say([Object.values(next.options).length && link.dataset.label, next.price, next.band_text].filter(Boolean).join(", "));
    return true;
  };
}

function steppers(root) {
  for (const place of root.querySelectorAll("[data-stepper]")) {
    const input = place.querySelector("input");
    const step = (sign, by) => {
      const button = make("button", { type: "button", class: "icon-button", tabindex: "-1", "aria-hidden": "true" }, sign);
      button.addEventListener("click", () => (by > 0 ? input.stepUp() : input.stepDown()));
      return button;
    };
    input.before(step("−", -1));
    input.after(step("+", 1));
  }
}

export function startProduct() {
  const root = document.querySelector("[data-product]");
  if (!root) return;
  const choose = switcher(root, JSON.parse(root.querySelector("[data-switching]").textContent));
  root.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (link.matches("[data-option]") && choose(link)) event.preventDefault();
    if (link.closest("[data-thumbs]")) {
      event.preventDefault();
      const picture = root.querySelector(link.hash);
      picture.parentElement.scrollTo({ left: picture.offsetLeft - picture.parentElement.offsetLeft });
    }
  });
  steppers(root);
}
