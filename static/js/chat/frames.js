/** Frames of a video as pictures, taken by the browser itself: the video never leaves it. */

const LONGEST_SIDE = 1344; // as the server keeps pictures
const QUALITY = 0.9;
const PATIENCE_MS = 10_000;

/** Where in a video of so many seconds to look, `most` times at most and not twice within a second. */
export function moments(seconds, most) {
  if (!Number.isFinite(seconds) || seconds <= 0) return [0];
  const count = Math.max(1, Math.min(most, Math.floor(seconds)));
  return Array.from({ length: count }, (_, index) => (seconds * (index + 0.5)) / count);
}

/** At most `most` pictures, evenly out of the whole video. Rejects where the browser cannot play it. */
export async function framesOf(file, most) {
  const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, preload: "auto" });
  const url = URL.createObjectURL(file);
  try {
    video.src = url;
    await once(video, "loadeddata");
    const frames = [];
    for (const moment of moments(video.duration, most)) {
      await seek(video, moment);
      frames.push(await frame(video, nameOf(file.name, moment)));
    }
    return frames;
  } finally {
    video.removeAttribute("src");
    URL.revokeObjectURL(url);
  }
}

/** `clip.mp4` at 75 seconds is `clip 1.15.jpg`. */
export function nameOf(name, moment) {
  const at = `${Math.floor(moment / 60)}.${String(Math.floor(moment % 60)).padStart(2, "0")}`;
  return `${name.replace(/\.[^.]+$/, "")} ${at}.jpg`;
}

async function seek(video, moment) {
  if (Math.abs(video.currentTime - moment) < 0.01) return;
  const arrived = once(video, "seeked");
  video.currentTime = moment;
  await arrived;
}

async function frame(video, name) {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(video.videoWidth, video.videoHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  if (!blob) throw new Error("this video has no pictures");
  return new File([blob], name, { type: "image/jpeg" });
}

function once(video, name) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no ${name}`)), PATIENCE_MS);
    video.addEventListener(name, () => (clearTimeout(late), resolve()), { once: true });
    video.addEventListener("error", () => (clearTimeout(late), reject(video.error)), { once: true });
  });
}
