/** Files are asked for, kept and hashed in pieces of this size. */
export const PIECE_BYTES = 1024 * 1024;
/** So much of one fits into a message. */
export const PART_BYTES = 14 * 1024;

/** Where the piece ends that contains this byte. */
export const pieceEnd = (offset: number, size: number): number =>
  Math.min(size, (Math.floor(offset / PIECE_BYTES) + 1) * PIECE_BYTES);

export const digest = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

/** SHA-256 of the pieces' SHA-256, in hexadecimal: a browser hashes no more at once than it holds at once. */
export async function hashOfPieces(digests: readonly Uint8Array<ArrayBuffer>[]): Promise<string> {
  const all = new Uint8Array(digests.length * 32);
  digests.forEach((one, index) => void all.set(one, index * 32));
  return [...(await digest(all))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export async function hashOf(file: Blob): Promise<string> {
  const digests: Uint8Array<ArrayBuffer>[] = [];
  for (let offset = 0; offset < file.size; offset += PIECE_BYTES)
    digests.push(await digest(await bytesOf(file, offset, pieceEnd(offset, file.size))));
  return hashOfPieces(digests);
}

export const bytesOf = async (file: Blob, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await file.slice(from, to).arrayBuffer());
