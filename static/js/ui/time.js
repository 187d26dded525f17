/** `<time datetime>` is written by the server in its own zone; here it becomes the reader's. */

const DAY_MS = 86_400_000;
const page = document.documentElement.lang;
/** The page's language as the reader's own region writes it: English is read in London too, where it is 17:54. */
const language = navigator.languages.find((each) => each.startsWith(`${page}-`) && each.length === page.length + 3) ?? (page || undefined);
const withinDay = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const withinYear = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
const otherwise = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric" });
const inFull = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" });

/** The shortest writing of `date` that is clear at `now`. */
export function shortDate(date, now = new Date()) {
  if (date.toDateString() === now.toDateString()) return withinDay.format(date);
  return Math.abs(now - date) < 300 * DAY_MS ? withinYear.format(date) : otherwise.format(date);
}

export function localiseTimes(root) {
  for (const element of root.querySelectorAll?.("time[datetime]") ?? []) {
    const date = new Date(element.dateTime);
    if (Number.isNaN(date.getTime())) continue;
    element.textContent = shortDate(date);
    element.title = inFull.format(date);
  }
}
