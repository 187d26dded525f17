/** Says above the thread what is the matter with the connection, and where it helps, leads to the page that signs in. */
export function showTrouble(banner, name, { messages, loginUrl }) {
  banner.hidden = !name;
  banner.replaceChildren(messages[name] ?? "");
  if (name !== "signed-out") return;
  const link = document.createElement("a");
  link.href = `${loginUrl}?next=${encodeURIComponent(location.pathname)}`;
  link.textContent = messages["sign-in"];
  banner.append(" ", link);
}
