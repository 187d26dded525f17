/**
 * Puts what is said into the question. The browser does the listening, and some send what they hear to their maker: the
 * button is on the page only where the operator allows that.
 */
import { toast } from "razgovor/ui/toast.js";

const Recognition = globalThis.SpeechRecognition ?? globalThis.webkitSpeechRecognition;

/** `button` is absent where it is not allowed, and stays hidden where the browser cannot listen. */
export function dictate(button, field, messages) {
  if (!button || !Recognition) return;
  button.hidden = false;
  let listening = null;
  button.addEventListener("click", () => {
    if (listening) return listening.stop();
    listening = new Recognition();
    listening.lang = document.documentElement.lang;
    listening.addEventListener("result", ({ results, resultIndex }) => append(field, results[resultIndex][0].transcript));
    listening.addEventListener("error", ({ error }) => error !== "aborted" && toast(messages["not-heard"], "warning"));
    listening.addEventListener("end", () => {
      listening = null;
      button.setAttribute("aria-pressed", "false");
    });
    button.setAttribute("aria-pressed", "true");
    listening.start();
  });
}

function append(field, heard) {
  const before = field.value.trimEnd();
  field.value = before ? `${before} ${heard.trim()}` : heard.trim();
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}
