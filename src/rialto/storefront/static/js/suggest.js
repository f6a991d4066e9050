// What may be meant, while it is being typed: a list below the field, for arrows, Enter and Escape and for pointers.
// Loaded when the field is used for the first time. Without it the field is a plain form.
import { say } from "./page.js";

const PAUSE_MS = 120;
const LETTERS_MIN = 2;
const KEPT_MAX = 50;

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

function money({ amount, currency }, language) {
  const format = new Intl.NumberFormat(language, { style: "currency", currency });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}

function picture(image) {
  const [smallest] = image?.file ? image.srcset.split(" ") : [];
  return smallest ? make("img", { src: smallest, width: 48, height: 60, alt: "" }) : make("i");
}

export function start(form) {
  const field = form.elements.q;
  const words = JSON.parse(form.dataset.words);
  const language = document.documentElement.lang;
  const list = make("div", { class: "suggest", id: "suggestions", role: "listbox", "aria-label": words.list });
  const kept = new Map();
  let options = [];
  let active = -1;
  let waiting = 0;
  let asking = null;

  const option = (path, ...children) => {
    const link = make("a", { role: "option", id: `suggestion-${options.length}`, href: `/${language}/${path}`, tabindex: -1, "aria-selected": "false" }, ...children);
    options.push(link);
    return link;
  };
  const group = (label, links) =>
    links.length ? [make("div", { role: "group", "aria-label": label }, make("p", { "aria-hidden": "true" }, label), ...links)] : [];
  const searching = (q) => `search?${new URLSearchParams({ q })}`;

  function price(hint) {
    if (!hint.price_from) return [];
    const from = money(hint.price_from, language);
    return [make("small", {}, hint.price_to?.amount > hint.price_from.amount ? words.from.replace("{amount}", from) : from)];
  }

  function close() {
    list.remove();
    options = [];
    active = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }

  function choose(index) {
    active = index;
    options.forEach((link, at) => link.setAttribute("aria-selected", String(at === index)));
    if (index < 0) return field.removeAttribute("aria-activedescendant");
    field.setAttribute("aria-activedescendant", options[index].id);
    options[index].scrollIntoView({ block: "nearest" });
  }

  function show(found) {
    close();
    const { products, categories, queries } = found;
    list.replaceChildren(
      ...group(words.categories, categories.map((each) => option(`c/${each.slug}`, make("span", {}, each.title), make("small", {}, each.count)))),
      ...group(words.products, products.map((each) => option(`p/${each.slug}`, picture(each.image), make("span", {}, each.title), ...price(each)))),
      ...group(words.queries, queries.map((each) => option(searching(each), make("span", {}, each)))),
    );
    if (!options.length || document.activeElement !== field) return;
    form.append(list);
    list.scrollTop = 0;
    field.setAttribute("aria-expanded", "true");
    say(`${words.list}: ${options.length}`);
  }

  async function ask() {
    const q = field.value.trim();
    asking?.abort();
    if (q.length < LETTERS_MIN) return close();
    if (kept.has(q)) return show(kept.get(q));
    asking = new AbortController();
    try {
      const query = new URLSearchParams({ q, language, currency: form.dataset.currency });
      const reply = await fetch(`/v1/suggest?${query}`, { signal: asking.signal });
      if (!reply.ok) return close();
      const found = await reply.json();
      if (kept.size > KEPT_MAX) kept.clear();
      kept.set(q, found);
      if (q === field.value.trim()) show(found);
    } catch {
      // Asked anew in the meantime, or nothing to be had: the form still searches.
    }
  }

  // Each says whether the key is used up.
  const step = (by) => {
    const places = options.length + 1;
    if (options.length) choose(((active + 1 + by + places) % places) - 1);
    else ask();
    return true;
  };
  const keys = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Enter: () => active >= 0 && (location.assign(options[active].href), true),
    Escape: () => options.length > 0 && (close(), true),
  };

  field.type = "text";
  field.inputMode = "search";
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id })) field.setAttribute(name, value);
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, PAUSE_MS);
  });
  field.addEventListener("keydown", (event) => {
    if (!event.isComposing && Object.hasOwn(keys, event.key) && keys[event.key]()) event.preventDefault();
  });
  field.addEventListener("blur", close);
  // Pressing an entry leaves the focus where it is, so that the list is still there when the button is let go.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  form.addEventListener("submit", () => clearTimeout(waiting));
  if (document.activeElement === field && field.value !== field.defaultValue) ask();
}
