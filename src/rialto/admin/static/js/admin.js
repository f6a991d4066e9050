// The one script of the back office. Everything here shortens a way that also works without it.
document.getElementById("problems")?.focus();

for (const menu of document.querySelectorAll(".menu")) {
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

// What moves money or goods goes out once per press, until the next page is there.
for (const form of document.querySelectorAll("[data-once]")) {
  const buttons = form.querySelectorAll("button");
  form.addEventListener("submit", () => setTimeout(() => buttons.forEach((button) => (button.disabled = true))));
  addEventListener("pageshow", () => buttons.forEach((button) => (button.disabled = false)));
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
