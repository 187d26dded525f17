/** `<rz-slider>`: a range and a number field for one value. Without a script there is the number alone. */
export class Slider extends HTMLElement {
  connectedCallback() {
    const [range, number] = this.querySelectorAll("input");
    range.addEventListener("input", () => (number.value = range.value));
    number.addEventListener("input", () => (range.value = number.value));
  }
}

customElements.define("rz-slider", Slider);
