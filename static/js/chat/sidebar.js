/** The list of conversations, kept true while the page is open, and what the menus in it do. */
import { place } from "razgovor/ui/menu.js";
import { messagesOf } from "razgovor/ui/messages.js";
import { toast } from "razgovor/ui/toast.js";

const list = () => document.getElementById("conversations");
const itemOf = (id) => list()?.querySelector(`[data-conversation="${CSS.escape(id)}"]`);
const recent = () => list().querySelector("[data-part=recent-list]");
const listeners = [];

/** `listener({id, title})` is told when a conversation has got another name. */
export function onRename(listener) {
  listeners.push(listener);
}

/** Put the conversation first in its folder or among the recent ones, unless it is pinned where it is, and mark it as the one that is open. */
export function showConversation({ id, title, url }) {
  if (!list()) return;
  const item = itemOf(id) ?? newItem(id, url);
  entitle(item, title);
  for (const link of list().querySelectorAll("[aria-current]")) link.removeAttribute("aria-current");
  item.querySelector("a").setAttribute("aria-current", "page");
  if (!("pinned" in item.dataset)) (item.closest(".sidebar-fold > ul") ?? recent()).prepend(item);
}

export function renameConversation(id, title) {
  const item = itemOf(id);
  if (item) entitle(item, title);
}

function entitle(item, title) {
  for (const part of item.querySelectorAll("[data-part=title]")) part.textContent = title;
}

function newItem(id, url) {
  const item = document.getElementById("conversation-template").content.cloneNode(true).firstElementChild;
  item.dataset.conversation = id;
  item.querySelector("a").href = url;
  document.querySelector("#sidebar .sidebar-empty").hidden = true;
  return item;
}

// --- menus -----------------------------------------------------------------------------------------------------------

document.addEventListener(
  "toggle",
  ({ target }) => {
    if (!target.open) return;
    if (target.matches(".sidebar-item > details.menu")) fill(target);
    if (target.matches(".menu-rename:not(.menu-move)")) target.querySelector("form input:not([type=hidden])").select();
  },
  true,
);

/** A menu is made of the page's template when it is opened: a hundred of them would be most of the page. */
function fill(menu) {
  if (menu.querySelector(".menu-panel")) return;
  const item = menu.closest(".sidebar-item");
  const panel = document.getElementById("conversation-menu-template").content.cloneNode(true).firstElementChild;
  const blank = /0{8}-0{4}-0{4}-0{4}-0{12}/;
  for (const element of panel.querySelectorAll("[action], [formaction], [href], [id], [for]")) {
    for (const name of ["action", "formaction", "href", "id", "for"]) {
      const value = element.getAttribute(name);
      if (value) element.setAttribute(name, value.replace(blank, item.dataset.conversation));
    }
  }
  panel.querySelector("[name=title]").value = item.querySelector("[data-part=title]").textContent;
  panel.querySelector(`[name=folder][value="${item.dataset.inFolder}"]`)?.setAttribute("aria-current", "true");
  menu.append(panel);
  place(menu);
}

/** A folder is shown on the next page as it is left on this one. */
document.addEventListener("click", async (event) => {
  const fold = event.target.closest(".sidebar-fold > summary")?.parentElement;
  if (!fold) return;
  const body = new FormData(fold.closest(".sidebar-folder").querySelector("form"));
  body.set("collapsed", fold.open); // a click is heard before it has folded anything
  await fetch(fold.dataset.url, { method: "POST", body }).catch(() => {}); // it is folded here all the same
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-changes-list]")) return;
  event.preventDefault();
  send(form, event.submitter);
});

async function send(form, submitter) {
  const data = new FormData(form, submitter);
  data.set("here", location.pathname + location.search);
  data.set("part", "list");
  const title = data.get("title");
  const home = form.closest("[data-conversation], [data-folder]");
  try {
    const headers = { Accept: "text/html", "HX-Request": "true" };
    const address = submitter?.getAttribute("formaction") ?? form.action;
    const response = await fetch(address, { method: "POST", body: data, headers });
    const target = response.headers.get("HX-Redirect");
    if (target) return location.assign(target);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (!response.ok) return refuse(form, page.querySelector("p")?.textContent);
    if (response.redirected || !page.getElementById("conversations")) return refuse(form); // it is the page that signs in
    show(page, home);
    const id = home?.dataset.conversation;
    if (title && id) for (const listener of listeners) listener({ id, title: title.trim().replace(/\s+/g, " ") });
  } catch {
    refuse(form);
  }
}

function refuse(form, sentence) {
  delete form.dataset.sent;
  toast(sentence || messagesOf("sidebar-messages").failed, "error");
}

/** The list as it is now; the keyboard stays where it was, or as near to it as there is something left. */
function show(page, home) {
  const before = [...list().querySelectorAll(".sidebar-item")].indexOf(home);
  list().replaceWith(page.getElementById("conversations"));
  document.querySelector("#sidebar rz-filter")?.apply?.();
  const said = page.querySelector("[data-part=said]");
  if (said) say(said);
  const items = [...list().querySelectorAll(".sidebar-item")];
  const target = sameAs(home)?.querySelector("summary") ?? items[clamp(before, items.length - 1)]?.querySelector("a");
  if (home) target?.focus();
}

function sameAs(home) {
  if (!home) return null;
  const { conversation, folder } = home.dataset;
  return conversation ? itemOf(conversation) : list().querySelector(`[data-folder="${CSS.escape(folder)}"]`);
}

function clamp(index, most) {
  return Math.max(0, Math.min(index, most));
}

/** Messages lie below a drawer that is open. */
function say(notice) {
  const sidebar = document.getElementById("sidebar");
  if (sidebar.matches(":popover-open")) sidebar.hidePopover();
  document.querySelectorAll("#toasts form[data-changes-list]").forEach((form) => form.closest(".notice").remove());
  document.getElementById("toasts").append(notice);
}
