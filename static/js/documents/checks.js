/** What can be said about a file before it is sent. The server checks again, and more. */

/** The name of a message, or null. `accepted` is ".pdf,.docx", as an `<input accept>` has it. */
export function refusal({ name, size }, { maxBytes, accepted }) {
  const extensions = accepted.split(",").map((extension) => extension.trim().toLowerCase());
  if (!extensions.some((extension) => name.toLowerCase().endsWith(extension))) return "unknown-type";
  if (size === 0) return "empty";
  return size > maxBytes ? "too-large" : null;
}
