/**
 * What was typed and not sent, kept on this device. A draft belongs to an owner (an organisation and a person in it) and
 * has a place, for example the id of a conversation. Few are kept, and not for long: they are drafts, not an archive.
 */

const PREFIX = "draft:";
export const MOST = 40;
export const LONGEST_MS = 30 * 24 * 3600 * 1000;

export class Drafts {
  #prefix;
  #storage;
  #now;

  constructor(owner, storage = localStorageOrNone(), now = Date.now) {
    this.#prefix = `${PREFIX}${owner}:`;
    this.#storage = storage;
    this.#now = now;
  }

  /** `{text, scope}`, or null. `scope` is what the question was to be searched in, as the composer has it. */
  get(place) {
    const kept = read(this.#storage, this.#prefix + place);
    return kept && this.#now() - kept.at <= LONGEST_MS ? { text: kept.text, scope: kept.scope } : null;
  }

  /** A draft without a text is none. */
  set(place, { text, scope = [] }) {
    if (!text.trim()) return this.remove(place);
    try {
      this.#storage?.setItem(this.#prefix + place, JSON.stringify({ text, scope, at: this.#now() }));
    } catch {
      return; // the storage is full or forbidden: the text is still in its field
    }
    this.#tidy();
  }

  remove(place) {
    this.#storage?.removeItem(this.#prefix + place);
  }

  #tidy() {
    const kept = keysOf(this.#storage).map((key) => ({ key, at: read(this.#storage, key)?.at ?? 0 }));
    kept.sort((one, other) => other.at - one.at);
    kept.forEach(({ key, at }, place) => {
      if (place >= MOST || this.#now() - at > LONGEST_MS) this.#storage.removeItem(key);
    });
  }
}

/** Whoever signs out leaves nothing behind that they have typed. */
export function forgetDrafts(storage = localStorageOrNone()) {
  for (const key of keysOf(storage)) storage.removeItem(key);
}

function keysOf(storage) {
  return Array.from({ length: storage?.length ?? 0 }, (_, place) => storage.key(place)).filter((key) =>
    key.startsWith(PREFIX),
  );
}

function read(storage, key) {
  try {
    const { text, scope, at } = JSON.parse(storage?.getItem(key) ?? "null") ?? {};
    return typeof text === "string" && typeof at === "number" ? { text, scope: Array.isArray(scope) ? scope : [], at } : null;
  } catch {
    return null; // not what this module has written
  }
}

/** Storage may be forbidden; drafts then last as long as the page. */
function localStorageOrNone() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}
