/** What is in a folder that was dropped or chosen: its files, each with the folder that it lies in. */
import { isKnown } from "razgovor/documents/checks.js";

/**
 * Of `files`, [{file, folder}], those that can be read here, and how many are passed over: hidden ones and those in
 * hidden folders, and what the server has no reader for. `accepted` is ".pdf,.docx".
 */
export function readable(files, accepted) {
  const taken = files.filter(({ file, folder }) => !isHidden(`${folder}/${file.name}`) && isKnown(file.name, accepted));
  return { taken, skipped: files.length - taken.length };
}

function isHidden(path) {
  return path.split("/").some((part) => part.startsWith("."));
}

/** Of an `<input webkitdirectory>`. */
export function chosen(files) {
  return [...files].map((file) => ({ file, folder: folderOf(file.webkitRelativePath) }));
}

function folderOf(path) {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/**
 * What was dropped. The entries have to be asked for before anything else is awaited: the browser forgets them.
 * Resolve to {files, inFolders}: [File] and [{file, folder}].
 */
export async function dropped(transfer) {
  const entries = [...transfer.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry());
  const files = [...transfer.files];
  if (!entries.some((entry) => entry?.isDirectory)) return { files, inFolders: [] };
  const inFolders = [];
  const alone = [];
  for (const entry of entries) {
    if (entry?.isDirectory) await walk(entry, entry.name, inFolders);
    else if (entry) alone.push(await fileOf(entry));
  }
  return { files: alone, inFolders };
}

async function walk(directory, path, found) {
  const reader = directory.createReader();
  for (;;) {
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // 100 at a time
    if (!entries.length) return;
    for (const entry of entries) {
      if (entry.isDirectory) await walk(entry, `${path}/${entry.name}`, found);
      else found.push({ file: await fileOf(entry), folder: path });
    }
  }
}

function fileOf(entry) {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
