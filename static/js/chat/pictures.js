/** The pictures that came with a question: a list of them, and one of them large, over the page. */

/** `pictures` are `{url, name, width, height}`; the list is rendered alike by the server. */
export function showPictures(list, pictures) {
  list.hidden = pictures.length === 0;
  list.replaceChildren(...pictures.map(item));
}

function item({ url, name, width, height }) {
  const image = Object.assign(document.createElement("img"), { src: url, alt: name, width, height });
  const link = Object.assign(document.createElement("a"), { href: url, target: "_blank" });
  const entry = document.createElement("li");
  link.append(image);
  entry.append(link);
  return entry;
}

/** A click on a picture opens it in the dialog; with a key held down, in a tab of its own, as links do. */
export function openLarge(thread, dialog) {
  thread.addEventListener("click", (event) => {
    const link = event.target.closest(".pictures a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const [large, small] = [dialog.querySelector("img"), link.querySelector("img")];
    large.src = link.href;
    large.alt = small.alt;
    dialog.showModal();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}
