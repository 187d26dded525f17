/** What the page's import map does in a browser: `razgovor/<path>` is `static/js/<path>`. */
const root = new URL("../../static/js/", import.meta.url);

export function resolve(specifier, context, next) {
  if (!specifier.startsWith("razgovor/")) return next(specifier, context);
  return { url: new URL(specifier.slice("razgovor/".length), root).href, format: "module", shortCircuit: true };
}
