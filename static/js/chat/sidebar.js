/** The list of conversations, kept true while the page is open. */

const list = () => document.getElementById("conversations");
const itemOf = (id) => list()?.querySelector(`[data-conversation="${CSS.escape(id)}"]`);

/** Put the conversation first and mark it as the one that is open. */
export function showConversation({ id, title, url }) {
  if (!list()) return;
  const item = itemOf(id) ?? newItem(id, url);
  item.querySelector("[data-part=title]").textContent = title;
  for (const link of list().querySelectorAll("[aria-current]")) link.removeAttribute("aria-current");
  item.querySelector("a").setAttribute("aria-current", "page");
  list().prepend(item);
}

export function renameConversation(id, title) {
  const part = list() && itemOf(id)?.querySelector("[data-part=title]");
  if (part) part.textContent = title;
}

function newItem(id, url) {
  const item = document.getElementById("conversation-template").content.cloneNode(true).firstElementChild;
  const blank = item.dataset.conversation;
  item.dataset.conversation = id;
  item.querySelector("a").href = url;
  const form = item.querySelector("form");
  form.setAttribute("action", form.getAttribute("action").replace(blank, id));
  document.querySelector("#sidebar .sidebar-empty").hidden = true;
  return item;
}
