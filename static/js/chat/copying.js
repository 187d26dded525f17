/** The button that copies an answer, as Markdown with its sources below. */
import { flash } from "razgovor/ui/toast.js";

/** `viewOf(button)` is the turn's view; below `turnsUrl` the server says what its Markdown is. */
export async function copyAsked(event, viewOf, turnsUrl) {
  const button = event.target.closest("[data-action=copy]");
  if (!button) return;
  await copyText(markdownOf(viewOf(button), turnsUrl));
  flash(button);
}

/** Where the server cannot be asked, what the page shows. */
async function markdownOf(view, turnsUrl) {
  try {
    const response = await fetch(`${turnsUrl}${view.id}/answer.md`);
    return response.ok && !response.redirected ? await response.text() : view.answerText;
  } catch {
    return view.answerText;
  }
}

/** `coming` is the text, which may still be on its way: some browsers let a page write only while it handles the click. */
async function copyText(coming) {
  const blob = coming.then((text) => new Blob([text], { type: "text/plain" }));
  try {
    await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
  } catch {
    copyWithoutClipboard(await coming);
  }
}

/** `navigator.clipboard` exists only with TLS or on localhost; the old way works in offices too. */
function copyWithoutClipboard(text) {
  const field = document.createElement("textarea");
  field.className = "visually-hidden";
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}
