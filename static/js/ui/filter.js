/** `<rz-filter data-list="id">` around a search field: shows the items below that element which hold what is typed. */
export class Filter extends HTMLElement {
  connectedCallback() {
    this.addEventListener("input", () => this.apply());
  }

  /** Also to be called when the items have been replaced. */
  apply() {
    const wanted = fold(this.querySelector("input").value.trim());
    for (const item of document.getElementById(this.dataset.list).querySelectorAll("li")) {
      item.hidden = !fold(item.querySelector("a")?.textContent ?? item.textContent).includes(wanted);
    }
  }
}

/** Case and accents make no difference. */
function fold(text) {
  return text.toLocaleLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "");
}
