// Filters that answer at once: the same address, fetched, and the two parts that changed put in place.
import { keepingFocus, load, say } from "./page.js";

function address(form) {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) query.append(name, value);
  const text = query.toString();
  return form.getAttribute("action") + (text ? `?${text}` : "");
}

export function startListing() {
  const form = document.querySelector("form[data-live]");
  if (!form) return;
  const here = () => location.pathname + location.search;
  let turn = 0;
  let shown = here();
  const update = async () => {
    const url = address(form);
    const mine = ++turn;
    const results = document.getElementById(form.dataset.live);
    results.setAttribute("aria-busy", "true");
    try {
      const page = await load(url);
      if (mine !== turn) return;
      keepingFocus(() => {
        results.replaceWith(document.adoptNode(page.getElementById(form.dataset.live)));
        const facets = page.querySelector("[data-keep]");
        const old = form.querySelector("[data-keep]");
        if (facets && old) {
          for (const part of facets.querySelectorAll("details")) {
            const before = old.querySelector(`details[data-code="${CSS.escape(part.dataset.code)}"]`);
            if (before) part.open = before.open;
          }
          old.replaceWith(document.adoptNode(facets));
        }
      });
      history.pushState(null, "", url);
      shown = here();
      say(document.querySelector("[data-count]").textContent);
    } catch {
      location.assign(url);
    }
  };
  form.addEventListener("change", update);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    update();
  });
  // Going to a part of the page, as the skip link does, pops a state too: then the list is still the right one.
  addEventListener("popstate", () => here() === shown || location.reload());
}
