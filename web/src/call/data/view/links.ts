const LINK = /https?:\/\/[^\s<>"']+/giu;
/** Ends a sentence more often than an address. */
const AFTER = /[.,;:!?)\]}]+$/u;

export interface Part {
  text: string;
  link: boolean;
  /** Where it begins. */
  at: number;
}

/** What of a text is an address. Addresses with a user's name look like another one, and are not opened. */
export function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const address = match[0].replace(AFTER, "");
    if (!opens(address)) continue;
    if (match.index > end) parts.push({ text: text.slice(end, match.index), link: false, at: end });
    parts.push({ text: address, link: true, at: match.index });
    end = match.index + address.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), link: false, at: end });
  return parts;
}

function opens(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { username, password } = new URL(address);
  return username === "" && password === "";
}
