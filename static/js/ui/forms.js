/** Small conveniences of forms: choosing submits, a second click does not, a button copies a link or prints. */
import { flash } from "razgovor/ui/toast.js";

document.addEventListener("change", (event) => {
  event.target.closest?.("form[data-submit-on-change]")?.requestSubmit();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "true";
});

// A page taken from the back-forward cache has forms that were sent once and may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("button[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(field.value);
    flash(button);
  } catch {
    field.select(); // no clipboard without TLS: at least it is ready for the reader's own keys
  }
});

document.addEventListener("click", (event) => {
  if (event.target.closest?.("button[data-print]")) window.print();
});
