/** `<data data-unit="ms|count|bytes" value>` as people of this language write it. */

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

/** 840 -> "0.8 s", 61000 -> "61 s". */
export function seconds(ms, language) {
  const digits = ms < 10_000 ? 1 : 0;
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: "second",
    unitDisplay: "short",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(ms / 1000);
}

/** 1536 -> "1.5 kB", in steps of 1024 as the server writes them. */
export function bytes(count, language) {
  const step = count < 1024 ? 0 : Math.min(Math.floor(Math.log2(count) / 10), UNITS.length - 1);
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: UNITS[step],
    unitDisplay: "short",
    maximumFractionDigits: step ? 1 : 0,
  }).format(count / 1024 ** step);
}

export function localiseNumbers(root, language = document.documentElement.lang || undefined) {
  for (const element of root.querySelectorAll("data[data-unit]")) {
    const value = Number(element.value);
    if (element.value === "" || Number.isNaN(value)) continue;
    if (element.dataset.unit === "ms") element.textContent = seconds(value, language);
    else if (element.dataset.unit === "bytes") element.textContent = bytes(value, language);
    else element.textContent = new Intl.NumberFormat(language).format(value);
  }
}
