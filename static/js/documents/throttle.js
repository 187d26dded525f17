/** Return a function that calls `action` at once, but not again before `ms` are over; calls in between become one. */
export function throttle(action, ms, { now = () => performance.now(), wait = setTimeout } = {}) {
  let last = -Infinity;
  let planned = false;
  return () => {
    if (planned) return;
    planned = true;
    wait(
      () => {
        planned = false;
        last = now();
        action();
      },
      Math.max(0, last + ms - now()),
    );
  };
}
