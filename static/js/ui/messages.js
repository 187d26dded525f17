/** Sentences for scripts, translated by the server: `<template id><p data-message="name">…</p></template>`. */
export function messagesOf(id) {
  const found = {};
  for (const element of document.getElementById(id)?.content.querySelectorAll("[data-message]") ?? []) {
    found[element.dataset.message] = element.textContent;
  }
  return found;
}
