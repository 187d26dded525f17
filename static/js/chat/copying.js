/** Puts text on the clipboard that may still be on its way. */
export async function copyText(coming) {
  const blob = coming.then((text) => new Blob([text], { type: "text/plain" }));
  try {
    // The text is waited for inside: some browsers let a page write only while it handles the click.
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
