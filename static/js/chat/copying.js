/** The button that copies an answer. */
import { flash } from "razgovor/ui/toast.js";

/** `textOf(button)` is what is to be copied. */
export async function copyAsked(event, textOf) {
  const button = event.target.closest("[data-action=copy]");
  if (!button) return;
  const text = textOf(button);
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyWithoutClipboard(text);
  }
  flash(button);
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
