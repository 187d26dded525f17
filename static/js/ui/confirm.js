/**
 * Asks before what cannot be undone. A form says so with `data-confirm="question"`, htmx with `hx-confirm="question"`;
 * `data-confirm-verb` names the button. Without JavaScript such a form is simply sent.
 */

const dialog = document.getElementById("confirm");

/** Resolve to whether the reader agreed. */
export function confirm(question, verb) {
  dialog.querySelector("p").textContent = question;
  const yes = dialog.querySelector("button[value=yes]");
  yes.textContent = verb || yes.dataset.verb;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.confirm || form.dataset.confirmed) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!(await confirm(form.dataset.confirm, form.dataset.confirmVerb))) return;
  form.dataset.confirmed = "true";
  form.requestSubmit(event.submitter);
});

document.addEventListener("htmx:confirm", async (event) => {
  const { question, elt, issueRequest } = event.detail;
  if (!question) return;
  event.preventDefault();
  if (await confirm(question, elt.dataset.confirmVerb)) issueRequest(true);
});
