/** The form for a new model: choosing a service by name fills in what is known about it. */

document.addEventListener("change", ({ target }) => {
  const form = target.closest?.("form[data-presets]");
  if (!form || target.name !== "preset" || !target.value) return;
  const preset = document.querySelector(`template[data-preset="${CSS.escape(target.value)}"]`);
  if (!preset) return;
  form.elements.kind.value = preset.dataset.kind;
  form.elements.base_url.value = preset.dataset.baseUrl;
  form.elements.model.value = preset.dataset.model;
  noteBelow(target).textContent = preset.content.textContent;
});

function noteBelow(select) {
  const field = select.closest(".field");
  const note = field.querySelector("[data-part=preset-note]") ?? document.createElement("div");
  note.className = "field-help";
  note.dataset.part = "preset-note";
  note.setAttribute("role", "status");
  field.append(note);
  return note;
}
