/** What can be said about a file before it is sent. The server checks again, and more. */

/** Whether the server has a reader for files of this name. `accepted` is ".pdf,.docx", as an `<input accept>` has it. */
export function isKnown(name, accepted) {
  const extensions = accepted.split(",").map((extension) => extension.trim().toLowerCase());
  return extensions.some((extension) => name.toLowerCase().endsWith(extension));
}

/** The name of a message, or null. */
export function refusal({ name, size }, { maxBytes, accepted }) {
  if (!isKnown(name, accepted)) return "unknown-type";
  if (size === 0) return "empty";
  return size > maxBytes ? "too-large" : null;
}
