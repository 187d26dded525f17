/** Messages in the corner. They stay until they are read: errors for good, the rest for a while. */

const LIFETIME_MS = 8000;
const region = document.getElementById("toasts");
const template = document.getElementById("toast-template");

/** Show `text`; `kind` is "error", "warning", "success" or nothing. */
export function toast(text, kind = "") {
  const notice = template.content.cloneNode(true).firstElementChild;
  if (kind) notice.classList.add(`notice-${kind}`);
  notice.querySelector("p").textContent = text;
  region.append(notice);
  return notice;
}

/** Mark a button as having done its work for a moment. */
export function flash(button) {
  button.dataset.done = "true";
  setTimeout(() => delete button.dataset.done, 1500);
}

/** Give whatever lands in the corner, also what htmx puts there, a way to close it and an end. */
export function adoptToasts() {
  region.addEventListener("click", (event) => {
    if (event.target.closest("button[type=button]")) event.target.closest(".notice").remove();
  });
  new MutationObserver((changes) => {
    for (const notice of changes.flatMap((change) => [...change.addedNodes])) {
      if (notice.nodeType === Node.ELEMENT_NODE) keep(notice);
    }
  }).observe(region, { childList: true });
}

function keep(notice) {
  if (!notice.querySelector("button[type=button]")) {
    notice.append(template.content.querySelector("button").cloneNode(true));
  }
  if (!notice.classList.contains("notice-error")) setTimeout(() => notice.remove(), LIFETIME_MS);
}
