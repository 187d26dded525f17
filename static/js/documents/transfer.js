/** One file on its way. `XMLHttpRequest`, because `fetch` does not tell how much of a body has been sent. */

export class TransferError extends Error {
  /** `message` is a sentence of the server, or empty; `name` then says which sentence of the page fits. */
  constructor(name, message = "", retryable = true) {
    super(message);
    this.name = name;
    this.retryable = retryable;
  }
}

/**
 * Send `body` (a FormData) to `url`. Resolve to the documents that the server answers with, reject with a TransferError.
 * `signal` cancels; `report(sent, total)` is in bytes.
 */
export function transfer(url, body, { signal, report }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => report(event.loaded, event.total));
    request.addEventListener("load", () => settle(request, resolve, reject));
    request.addEventListener("error", () => reject(new TransferError("network")));
    request.addEventListener("abort", () => reject(new TransferError("cancelled")));
    signal.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

function settle(request, resolve, reject) {
  const { status, response } = request;
  if (status >= 200 && status < 300 && response?.documents) resolve(response.documents);
  else if (response?.error) reject(new TransferError("refused", response.error.message, response.error.retryable));
  else if (status < 300 || status === 403) reject(new TransferError("signed-out", "", false)); // led to a sign-in page
  else reject(new TransferError("server"));
}
