// Passkeys: the browser is asked, and what it answers goes with our own form. Loaded by the pages that have one.
const form = document.querySelector("[data-passkey]");
const told = form.querySelector("[role=alert]");
const asked = (kind, options) => ({ publicKey: PublicKeyCredential[`parse${kind}OptionsFromJSON`](options) });

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  told.textContent = "";
  try {
    const place = form.dataset.passkey;
    const answer = place
      ? await navigator.credentials.get(asked("Request", await (await fetch(place, { method: "POST" })).json()))
      : await navigator.credentials.create(asked("Creation", JSON.parse(document.querySelector("[data-passkey-options]").textContent)));
    form.elements.credential.value = JSON.stringify(answer);
    form.submit();
  } catch {
    // Given up by whoever was asked, or a browser without passkeys: there are other ways on the page.
    told.textContent = told.dataset.text;
  }
});
