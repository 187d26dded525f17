/** What helps to write a question: `/name` puts a saved prompt in, `@` chooses what is searched. */
import { Listbox } from "razgovor/chat/listbox.js";
import { letTabFill, placeholderAfter } from "razgovor/chat/placeholders.js";
import { toast } from "razgovor/ui/toast.js";

/** At the beginning of the question only: "and/or" is no prompt. */
const PROMPT = /^\/([\p{L}\p{M}\p{N}_-]*)$/u;
/** After a space or at the beginning: an address of a person is nothing to search in. */
const TARGET = /(?:^|\s)@([^\s@][^\n@]{0,60})?$/u;

export const promptAsked = (before) => askedBy(PROMPT, before);
export const targetAsked = (before) => askedBy(TARGET, before);

function askedBy(pattern, before) {
  const found = pattern.exec(before);
  const query = found?.[1] ?? "";
  return found && { query, start: before.length - query.length - 1 };
}

/** `form` says where prompts and targets are found; `messages` are the page's. */
export function helpToCompose(form, field, scope, messages) {
  letTabFill(field); // after the list, which needs the same keys first
  const { promptsUrl, promptsPage, targetsUrl } = form.dataset;
  const part = (name) => form.querySelector(`[data-part=${name}]`);
  const prompts = {
    label: messages.prompts,
    match: promptAsked,
    find: async (query) => {
      const found = (await foundAt(promptsUrl, query)).map((prompt) => ({
        ...prompt,
        kind: prompt.is_shared ? "shared" : "prompt",
        name: `/${prompt.name}`,
        detail: prompt.text,
      }));
      return found.length || query ? found : [{ kind: "page", name: messages["no-prompts"], detail: "" }];
    },
    take: ({ kind, text }, start, end) => {
      if (kind === "page") return location.assign(promptsPage);
      replace(field, start, end, text);
      selectPlaceholder(field, start);
    },
  };
  const targets = {
    label: messages.targets,
    match: targetAsked,
    find: async (query) => (await foundAt(targetsUrl, query)).map((target) => ({ ...target, detail: target.place })),
    take: (target, start, end) => {
      replace(field, start, end, "");
      if (!scope.add(target)) toast(messages["scope-full"], "warning");
    },
  };
  new Listbox(field, part("list"), part("option-template"), [prompts, targets]);
  part("search-in").addEventListener("click", () => beginTarget(field));
  if (field.value) selectPlaceholder(field, 0);
}

async function foundAt(url, query) {
  try {
    const response = await fetch(`${url}?q=${encodeURIComponent(query)}`, { headers: { Accept: "application/json" } });
    return response.ok ? (await response.json()).found : [];
  } catch {
    return []; // no network: no list
  }
}

/** Type the sign that opens the list, for those who do not know it, or have no such key at hand. */
function beginTarget(field) {
  field.focus();
  const { value, selectionEnd } = field;
  if (targetAsked(value.slice(0, selectionEnd))?.query === "") field.dispatchEvent(new Event("input", { bubbles: true }));
  else replace(field, selectionEnd, selectionEnd, !selectionEnd || /\s/u.test(value[selectionEnd - 1]) ? "@" : " @");
}

function selectPlaceholder(field, from) {
  const first = placeholderAfter(field.value, from);
  if (first) field.setSelectionRange(...first);
}

/** As if it was typed, so that it can be undone. */
function replace(field, start, end, text) {
  field.focus();
  field.setSelectionRange(start, end);
  if (document.execCommand(text ? "insertText" : "delete", false, text)) return;
  field.setRangeText(text, start, end, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
