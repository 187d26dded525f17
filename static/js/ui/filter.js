/** `<rz-filter data-list="id">` around a search field: shows the items below that element which hold what is typed. */
export class Filter extends HTMLElement {
  connectedCallback() {
    this.addEventListener("input", () => this.apply());
  }

  /** Also to be called when the items have been replaced. */
  apply() {
    const wanted = fold(this.querySelector("input").value.trim());
    const list = document.getElementById(this.dataset.list);
    for (const item of list.querySelectorAll("li")) {
      item.hidden = !fold(item.querySelector("a")?.textContent ?? item.textContent).includes(wanted);
    }
    for (const folder of list.querySelectorAll(".sidebar-fold")) unfold(folder, wanted);
  }
}

/** What is found is seen, though its folder was folded; afterwards it is folded again. */
function unfold(folder, wanted) {
  if (wanted && !folder.open) folder.dataset.unfolded = "";
  if (wanted) folder.open = true;
  else if ("unfolded" in folder.dataset) {
    folder.open = false;
    delete folder.dataset.unfolded;
  }
}

/** Case and accents make no difference. */
function fold(text) {
  return text.toLocaleLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "");
}
