/** `<rz-theme>`: system, light or dark; remembered on this device and read by `components/theme.html` before painting. */

const KEY = "theme";

function remembered() {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return ""; // storage may be forbidden; the choice then lasts as long as the page
  }
}

function apply(theme) {
  const root = document.documentElement;
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
}

class ThemeSwitch extends HTMLElement {
  connectedCallback() {
    this.hidden = false;
    this.show(remembered());
    this.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-theme]");
      if (button) this.choose(button.dataset.theme);
    });
  }

  choose(theme) {
    try {
      if (theme) localStorage.setItem(KEY, theme);
      else localStorage.removeItem(KEY);
    } catch {
      // as above
    }
    apply(theme);
    this.show(theme);
  }

  show(theme) {
    for (const button of this.querySelectorAll("button[data-theme]")) {
      button.setAttribute("aria-pressed", String(button.dataset.theme === theme));
    }
  }
}

customElements.define("rz-theme", ThemeSwitch);
window.addEventListener("storage", (event) => {
  if (event.key === KEY) apply(event.newValue ?? "");
});
