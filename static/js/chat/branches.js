/** Versions of a question: the arrows between them, the field in which one is written, and the page of another one. */

const ADDRESS_ID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** `‹ 2 / 3 ›` at a turn. `ids` are those that stand at its place, the turn itself among them. */
export function showSiblings(article, ids) {
  article.dataset.siblings = ids.join(" ");
  const form = article.querySelector("[data-part=branches]");
  const at = ids.indexOf(article.dataset.turn);
  form.hidden = ids.length < 2;
  form.querySelector("[data-part=branch-place]").textContent = `${at + 1} / ${ids.length}`;
  leadTo(form.querySelector("[data-part=branch-previous]"), ids[at - 1]);
  leadTo(form.querySelector("[data-part=branch-next]"), ids[at + 1]);
}

function leadTo(button, id) {
  button.disabled = !id;
  button.value = id ?? "";
  if (id) button.formAction = button.formAction.replace(ADDRESS_ID, id);
}

export function siblingsOf(article) {
  return (article.dataset.siblings ?? "").split(" ").filter(Boolean);
}

/** Take the turn and everything below it out of the page; return what was taken. */
export function cutFrom(article) {
  const cut = [];
  for (let node = article; node; node = node.nextElementSibling) cut.push(node);
  for (const node of cut) node.remove();
  return cut;
}

/** The question becomes a field. `onAsk(text)` is told what is asked instead; Escape leaves everything as it was. */
export function openEditor(article, template, text, onAsk) {
  if (article.querySelector(".question-editor")) return;
  const [question, pencil] = ["question", "edit"].map((part) => article.querySelector(`[data-part=${part}]`));
  const form = template.content.cloneNode(true).firstElementChild;
  const field = form.querySelector("textarea");
  field.id = `edit-${article.dataset.turn}`;
  form.querySelector("label").htmlFor = field.id;
  field.value = text;

  const close = () => {
    form.remove();
    question.hidden = pencil.hidden = false;
  };
  const cancel = () => {
    close();
    pencil.focus();
  };
  form.querySelector("[data-action=cancel]").addEventListener("click", cancel);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing) cancel();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const asked = field.value.trim();
    if (!asked) return;
    close();
    onAsk(asked);
  });

  question.hidden = pencil.hidden = true;
  question.before(form);
  field.focus();
  field.setSelectionRange(text.length, text.length);
}

/** Post a form; return the address and the `<rz-chat>` of the page that comes of it, or null. */
export async function chatPageOf(form, button) {
  try {
    const body = new FormData(form, button);
    const response = await fetch(button.formAction, { method: "POST", body, headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const chat = response.ok ? page.querySelector("rz-chat") : null;
    return chat && { url: response.url, chat };
  } catch {
    return null; // no network: treated like an answer without the page
  }
}
