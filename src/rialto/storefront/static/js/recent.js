// What was looked at last, remembered in this browser only and told to nobody: slugs, twelve at most, until they are cleared.
import { load, say } from "./page.js";

const KEY = "recently-viewed";
const KEPT_MAX = 12;

function remembered() {
  try {
    const slugs = JSON.parse(localStorage.getItem(KEY));
    return Array.isArray(slugs) ? slugs.filter((slug) => typeof slug === "string").slice(0, KEPT_MAX) : [];
  } catch {
    return [];
  }
}

function remember(slugs) {
  try {
    if (slugs.length) localStorage.setItem(KEY, JSON.stringify(slugs));
    else localStorage.removeItem(KEY);
  } catch {
    // A browser that keeps nothing: then nothing is remembered.
  }
}

export async function start(section) {
  const { slug, recent } = section.dataset;
  const others = remembered().filter((other) => other !== slug);
  if (slug) remember([slug, ...others].slice(0, KEPT_MAX));
  if (!others.length) return;
  const page = await load(`${recent}?${new URLSearchParams({ p: others.join(",") })}`);
  const cards = page.querySelector("[data-cards]");
  // What is being read must not move: the section only appears where nobody looks yet.
  if (!cards || section.previousElementSibling.getBoundingClientRect().bottom < innerHeight) return;
  section.querySelector("[data-cards]").replaceWith(document.adoptNode(cards));
  section.hidden = false;
  section.querySelector("[data-clear]").addEventListener("click", (event) => {
    remember([]);
    section.hidden = true;
    document.querySelector("main").focus();
    say(event.target.dataset.clear);
  });
}
