/** What ends a name early, leaves the folder, or turns the ending round. */
const UNFIT = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\/:*?"<>|]/gu;
/** Windows takes these for devices, whatever follows the dot. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
const MAX_LENGTH = 120;

/** A name that is safe to save under; the ending stays, however long the rest. */
export function cleanName(name: string): string {
  const plain = name
    .normalize("NFC")
    .replace(UNFIT, "_")
    .replace(/^[.\s]+|[.\s]+$/gu, "");
  const named = plain === "" ? "file" : DEVICE.test(plain) ? `_${plain}` : plain;
  const dot = named.lastIndexOf(".");
  const ending = dot > 0 ? named.slice(dot).slice(0, 20) : "";
  return named.length <= MAX_LENGTH ? named : named.slice(0, MAX_LENGTH - ending.length) + ending;
}
