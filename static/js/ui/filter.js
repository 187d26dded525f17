/** `<rz-filter data-list="id">` around a search field: shows the items of that list which hold what is typed. */
export class Filter extends HTMLElement {
  connectedCallback() {
    const list = document.getElementById(this.dataset.list);
    this.addEventListener("input", (event) => {
      const wanted = event.target.value.trim().toLocaleLowerCase();
      for (const item of list.children) item.hidden = !item.textContent.toLocaleLowerCase().includes(wanted);
    });
  }
}
