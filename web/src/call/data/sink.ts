import { cleanName } from "./fileName";
import type { Offer } from "./message";

/** Where a file goes while it arrives. */
export interface Sink {
  write: (piece: Uint8Array<ArrayBuffer>) => Promise<void>;
  /** It is whole. */
  close: () => Promise<void>;
  /** Nothing of it is to stay. */
  abort: () => Promise<void>;
}

interface Picker {
  showSaveFilePicker?: (how: { suggestedName: string }) => Promise<FileSystemFileHandle>;
}

/** Smaller ones are kept in memory until they are whole. */
const TO_DISK_FROM = 32 * 1024 * 1024;

/**
 * Straight to the disk where the browser can, else into memory and then to the downloads. Whatever it is said to be, the
 * browser is told that it is bytes: it opens nothing.
 *
 * @throws Error when the person chooses no place for it
 */
export async function openSink({ name, size }: Offer): Promise<Sink> {
  const { showSaveFilePicker } = window as Picker;
  const suggestedName = cleanName(name);
  if (size >= TO_DISK_FROM && showSaveFilePicker) {
    const handle = await showSaveFilePicker.call(window, { suggestedName });
    const stream = await handle.createWritable();
    return { write: (piece) => stream.write(piece), close: () => stream.close(), abort: () => stream.abort() };
  }
  let pieces: Uint8Array<ArrayBuffer>[] = [];
  return {
    write: async (piece) => void pieces.push(piece),
    close: async () => {
      download(new Blob(pieces, { type: "application/octet-stream" }), suggestedName);
      pieces = [];
    },
    abort: async () => {
      pieces = [];
    },
  };
}

function download(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
