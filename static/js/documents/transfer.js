/**
 * One file on its way, in pieces, by the tus protocol. `XMLHttpRequest`, because `fetch` does not tell how much of a
 * body has been sent.
 */
import { FIRST_PIECE, LEAST_PIECE, metadata, pieceSize, verdict } from "razgovor/documents/pieces.js";
import { delay } from "razgovor/ui/reconnect.js";

const MOST_FAILURES = 20; // without a byte of progress between them: some eight minutes
const OFFLINE_MS = 30_000; // a browser may be wrong about having no network
const BYTES_TYPE = "application/offset+octet-stream";

export class TransferError extends Error {
  /** `message` is a sentence of the server, or empty; `name` then says which sentence of the page fits. */
  constructor(name, message = "", retryable = true) {
    super(message);
    this.name = name;
    this.retryable = retryable;
  }
}

/** What passes by itself: the upload asks how much is there, and goes on. A quiet one is over before anybody reads it. */
class Interruption extends TransferError {
  constructor(isQuiet) {
    super("network");
    this.isQuiet = isQuiet;
  }
}

/**
 * Send `file`. Resolve to the documents that the server answers with, reject with a TransferError; when `signal` is
 * aborted, its reason is the error's name, and what has arrived is kept.
 *
 * `line` is where to: {url, token, memory}. `fields` says where the document goes: {collection, folder}.
 * `report(sent, total)` is in bytes. `notice(what)` is called with "resumed" when a part was there already, with
 * "interrupted" when the connection is gone for a while, and with "" when it is back.
 */
export async function transfer(file, fields, { line, signal, report, notice }) {
  const upload = new Upload(file, fields, { line, signal, report, notice });
  for (let failures = 0; ; ) {
    try {
      const furthest = upload.furthest;
      const documents = await upload.step();
      if (documents) return documents;
      if (upload.furthest > furthest) failures = 0;
    } catch (error) {
      if (!(error instanceof Interruption)) throw error;
      if (navigator.onLine && ++failures > MOST_FAILURES) throw error;
      await upload.interrupted(error, failures);
    }
  }
}

/** Forget a file that is not wanted after all, here and at the server. */
export function discard(file, fields, { token, memory }) {
  const address = memory.recall(file, fields);
  memory.forget(file, fields);
  if (!address) return;
  const headers = { "Tus-Resumable": "1.0.0", "X-CSRFToken": token, Accept: "application/json" };
  fetch(address, { method: "DELETE", headers, keepalive: true }).catch(() => {}); // it expires by itself, too
}

class Upload {
  furthest = 0;
  #offset = null; // unknown
  #size = FIRST_PIECE;
  #most = undefined;
  #isInterrupted = false;

  constructor(file, fields, { line, signal, report, notice }) {
    Object.assign(this, { file, fields, line, signal, report, notice });
    this.address = line.memory.recall(file, fields);
    this.isOld = Boolean(this.address);
  }

  /** One request. Resolves to the documents after the last one. */
  async step() {
    if (!this.address) return this.#begin();
    return this.#offset === null ? this.#ask() : this.#send();
  }

  /** Wait until it is worth another try. */
  async interrupted({ isQuiet }, failures) {
    if (!isQuiet && !this.#isInterrupted) this.notice("interrupted");
    this.#isInterrupted ||= !isQuiet;
    this.#offset = null;
    this.#size = Math.max(LEAST_PIECE, this.#size / 2);
    await sleep(navigator.onLine ? delay(Math.max(failures - 1, 0)) : OFFLINE_MS, this.signal);
  }

  /** A small file goes with its beginning, so that a hundred of them are a hundred requests. */
  async #begin() {
    const { name, size } = this.file;
    const headers = { "Upload-Length": size, "Upload-Metadata": metadata({ filename: name, ...this.fields }) };
    const isSmall = size <= this.#size;
    if (isSmall) headers["Content-Type"] = BYTES_TYPE;
    const answer = await this.#request("POST", this.line.url, headers, isSmall ? this.file : null, 0);
    if (answer.documents) return answer.documents;
    this.address = answer.location;
    this.line.memory.keep(this.file, this.fields, this.address);
    this.#arrived(answer.offset);
    return null;
  }

  async #ask() {
    const { offset } = await this.#request("HEAD", this.address, {});
    if (this.isOld && offset > 0) this.notice("resumed");
    this.isOld = false;
    this.#arrived(offset);
    return null;
  }

  async #send() {
    const start = this.#offset;
    const piece = this.file.slice(start, start + this.#size);
    const headers = { "Upload-Offset": start, "Content-Type": BYTES_TYPE };
    const began = performance.now();
    const answer = await this.#request("PATCH", this.address, headers, piece, start);
    if (answer.documents) {
      this.line.memory.forget(this.file, this.fields);
      return answer.documents;
    }
    this.#size = pieceSize(piece.size, performance.now() - began, this.#most);
    this.#arrived(answer.offset);
    return null;
  }

  #arrived(offset) {
    this.#offset = offset;
    this.furthest = Math.max(this.furthest, offset);
    this.report(offset, this.file.size);
  }

  /** Resolve to {offset, location, documents}; reject with an Interruption where it is worth going on. */
  async #request(method, address, headers, body = null, start = 0) {
    const url = new URL(address, location.href).href;
    const request = await exchange(method, url, this.#withOurs(headers), {
      body,
      signal: this.signal,
      sent: (count) => this.report(start + count, this.file.size),
    });
    if (request.status && request.responseURL !== url) throw new TransferError("signed-out", "", false); // a sign-in page
    this.#judge(method, request);
    if (this.#isInterrupted) this.notice("");
    this.#isInterrupted = false;
    return {
      offset: Number(request.getResponseHeader("Upload-Offset")),
      location: request.getResponseHeader("Location"),
      documents: request.response?.documents,
    };
  }

  #judge(method, { status, response }) {
    const error = response?.error;
    const fate = verdict(method, status, Boolean(error));
    if (fate === "on") return;
    if (fate === "anew") {
      this.line.memory.forget(this.file, this.fields);
      this.address = null;
    }
    if (fate === "smaller") this.#most = this.#size / 2;
    if (["anew", "smaller", "later"].includes(fate)) throw new Interruption(status > 0 && status < 500);
    if (fate === "refused" && !error.retryable) this.line.memory.forget(this.file, this.fields);
    throw new TransferError(fate, error?.message, error?.retryable ?? fate === "server");
  }

  #withOurs(headers) {
    return { Accept: "application/json", "Tus-Resumable": "1.0.0", "X-CSRFToken": this.line.token, ...headers };
  }
}

/** Resolve to the finished XMLHttpRequest, whose status is 0 where no answer came. */
function exchange(method, url, headers, { body, signal, sent }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => {
      reject(new TransferError(signal.reason)); // first: the abortion itself ends the request as a lost one does
      request.abort();
    };
    if (signal.aborted) return abort();
    request.open(method, url);
    request.responseType = "json";
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => sent(event.loaded));
    request.addEventListener("loadend", () => {
      signal.removeEventListener("abort", abort);
      resolve(request);
    });
    signal.addEventListener("abort", abort);
    request.send(body);
  });
}

/** Resolve after so long, or as soon as the network is back; reject when `signal` is aborted. */
function sleep(ms, signal) {
  return new Promise((resolve, reject) => {
    const ended = new AbortController();
    const end = (settle, value) => {
      ended.abort();
      clearTimeout(timer);
      settle(value);
    };
    const timer = setTimeout(() => end(resolve), ms);
    window.addEventListener("online", () => end(resolve), { signal: ended.signal });
    const stopped = () => end(reject, new TransferError(signal.reason));
    if (signal.aborted) stopped();
    else signal.addEventListener("abort", stopped, { signal: ended.signal });
  });
}
