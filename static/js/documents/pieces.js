/** What a file's way in pieces needs to know, without a network at hand. */

const KIB = 1024;
export const FIRST_PIECE = 1024 * KIB;
export const LEAST_PIECE = 64 * KIB;
const MOST_PIECE = 8 * 1024 * KIB;
const WANTED_MS = 4000;
const LIFETIME_MS = 24 * 3_600_000; // as long as the server keeps what nobody goes on with

/** Bytes of the next piece, when `sent` took `ms`: some seconds' worth, which is what a broken connection may cost. */
export function pieceSize(sent, ms, most = MOST_PIECE) {
  const wanted = Math.round((sent * WANTED_MS) / Math.max(ms, 1));
  return Math.max(LEAST_PIECE, Math.min(wanted, 4 * sent, most, MOST_PIECE));
}

/** `{filename: "a.txt"}` -> "filename YS50eHQ=", as the header Upload-Metadata has it; what is empty is left out. */
export function metadata(values) {
  return Object.entries(values)
    .filter(([, value]) => value)
    .map(([key, value]) => `${key} ${btoa(String.fromCharCode(...new TextEncoder().encode(value)))}`)
    .join(",");
}

/**
 * What becomes of an upload whose request was answered with `status` (0 for not at all); `said` tells whether the
 * answer has a sentence for the person. "on", "anew" (it is not known there), "smaller" (the piece was too large),
 * "later", or the name of the error that ends it.
 */
export function verdict(method, status, said) {
  if (status >= 200 && status < 300) return "on";
  if (status === 404 && method !== "POST") return "anew";
  if (status === 413 && !said) return "smaller"; // a proxy's word, which knows nothing of ours
  if (status === 0 || status === 409 || status === 423 || (status >= 502 && status <= 504)) return "later";
  if (said) return "refused";
  return status === 403 ? "signed-out" : "server";
}

/** Where the beginnings of files are, over a reload and a crash: per organisation and person, which `owner` names. */
export class Memory {
  #storage;
  #prefix;
  #here = new Map();

  /** `storage` is a Storage, or a function that gives one and may throw, as where a browser stores nothing. */
  constructor(storage, owner, now = Date.now) {
    this.#storage = storage;
    this.#prefix = `razgovor:upload:${owner}:`;
    this.now = now;
    this.#forgetTheOld();
  }

  /** The address of this very file's upload, or null. */
  recall(file, fields) {
    const key = this.#key(file, fields);
    const kept = this.#here.get(key) ?? parsed(this.#tried((storage) => storage.getItem(key)));
    return kept && kept.at > this.now() - LIFETIME_MS ? kept.address : null;
  }

  keep(file, fields, address) {
    const kept = { address, at: this.now() };
    this.#here.set(this.#key(file, fields), kept);
    this.#tried((storage) => storage.setItem(this.#key(file, fields), JSON.stringify(kept)));
  }

  forget(file, fields) {
    this.#here.delete(this.#key(file, fields));
    this.#tried((storage) => storage.removeItem(this.#key(file, fields)));
  }

  #key({ name, size, lastModified }, { collection = "", folder = "" }) {
    return this.#prefix + JSON.stringify([name, size, lastModified, collection, folder]);
  }

  #forgetTheOld() {
    this.#tried((storage) => {
      const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index));
      for (const key of keys.filter((each) => each.startsWith("razgovor:upload:"))) {
        if (!(parsed(storage.getItem(key))?.at > this.now() - LIFETIME_MS)) storage.removeItem(key);
      }
    });
  }

  #tried(action) {
    try {
      return action(typeof this.#storage === "function" ? this.#storage() : this.#storage);
    } catch {
      return null; // then an upload goes on only as long as the page is open
    }
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
