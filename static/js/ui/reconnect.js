/** When to call the server again, decided without a socket at hand. */

const FIRST_MS = 500;
const LONGEST_MS = 30_000;
const BUSY_MS = 20_000;

/** Milliseconds before attempt `attempt` (from 0): doubling, and spread so that a restarted server is not stormed. */
export function delay(attempt, random = Math.random()) {
  const whole = Math.min(FIRST_MS * 2 ** attempt, LONGEST_MS);
  return whole / 2 + (whole / 2) * random;
}

/**
 * What a close code asks for. `again`: "never", "visible" (when somebody looks at the page) or "soon"; `message` names
 * a sentence of the page, and is empty where the reader need not know.
 */
export function afterClose(code) {
  switch (code) {
    case 4401:
      return { again: "never", message: "signed-out", wait: 0 };
    case 4404:
      return { again: "never", message: "gone", wait: 0 };
    case 4408:
      return { again: "visible", message: "", wait: 0 };
    case 4429:
      return { again: "soon", message: "busy", wait: BUSY_MS };
    case 4500:
      return { again: "soon", message: "fault", wait: 0 };
    default:
      return { again: "soon", message: "lost", wait: 0 };
  }
}
