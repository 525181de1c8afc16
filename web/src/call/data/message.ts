/** What members of a meeting tell each other. Whatever does not look exactly so is ignored. */

export const MAX_TEXT = 2000;
export const MAX_FILE_BYTES = 200 * 1024 * 1024;
export const MAX_OPTIONS = 10;
const MAX_LABEL = 200;
const MAX_FILE_NAME = 255;
const ID = /^[A-Za-z0-9_-]{22}$/;

export const reactions = ["agree", "applause", "thanks", "question", "slower"] as const;
export type Reaction = (typeof reactions)[number];

/** A file that somebody offers; what it is called and said to be is the sender's word. */
export interface Offer {
  id: string;
  name: string;
  size: number;
  type: string;
  /** SHA-256, in hexadecimal, of the SHA-256 of each of its pieces (`PIECE_BYTES`). */
  hash: string;
}

/** `id` names what a message is about; it means nothing without the sender. */
export type Message =
  | { kind: "chat"; id: string; text: string }
  /** Real-time text: a line as it stands now, until a `chat` of the same id ends it. */
  | { kind: "line"; id: string; text: string }
  | { kind: "reaction"; what: Reaction }
  | ({ kind: "offer" } & Offer)
  | { kind: "withdrawn"; id: string }
  /** Asks for a piece of a file, from a byte on. */
  | { kind: "wanted"; id: string; offset: number }
  /** A part of a piece; the bytes come with it. */
  | { kind: "part"; id: string; offset: number }
  | { kind: "poll"; id: string; question: string; options: string[]; closed: boolean }
  | { kind: "vote"; id: string; option: number };

export type Kind = Message["kind"];

type Fields = Record<string, unknown>;

export function newId(): string {
  const raw = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...raw))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

const isId = (value: unknown): value is string => typeof value === "string" && ID.test(value);
const isText = (value: unknown, max: number, min = 1): value is string =>
  typeof value === "string" && value.length <= max && value.trim().length >= min;
const isNumber = (value: unknown, max: number): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= max;

const readers: { [K in Kind]: (said: Fields) => (Message & { kind: K }) | undefined } = {
  chat: ({ id, text }) => (isId(id) && isText(text, MAX_TEXT) ? { kind: "chat", id, text } : undefined),
  line: ({ id, text }) => (isId(id) && isText(text, MAX_TEXT, 0) ? { kind: "line", id, text } : undefined),
  reaction: ({ what }) => {
    const known = reactions.find((one) => one === what);
    return known && { kind: "reaction", what: known };
  },
  offer: ({ id, name, size, type, hash }) =>
    isId(id) &&
    isText(name, MAX_FILE_NAME) &&
    isNumber(size, MAX_FILE_BYTES) &&
    isText(type, MAX_LABEL, 0) &&
    typeof hash === "string" &&
    /^[0-9a-f]{64}$/.test(hash)
      ? { kind: "offer", id, name, size, type, hash }
      : undefined,
  withdrawn: ({ id }) => (isId(id) ? { kind: "withdrawn", id } : undefined),
  wanted: ({ id, offset }) =>
    isId(id) && isNumber(offset, MAX_FILE_BYTES) ? { kind: "wanted", id, offset } : undefined,
  part: ({ id, offset }) => (isId(id) && isNumber(offset, MAX_FILE_BYTES) ? { kind: "part", id, offset } : undefined),
  poll: ({ id, question, options, closed }) =>
    isId(id) &&
    isText(question, MAX_LABEL) &&
    Array.isArray(options) &&
    options.length >= 2 &&
    options.length <= MAX_OPTIONS &&
    options.every((option): option is string => isText(option, MAX_LABEL)) &&
    typeof closed === "boolean"
      ? { kind: "poll", id, question, options, closed }
      : undefined,
  vote: ({ id, option }) => (isId(id) && isNumber(option, MAX_OPTIONS - 1) ? { kind: "vote", id, option } : undefined),
};

/** @returns undefined for a kind that this release does not know, and for one that is not as it should be */
export function readMessage(json: unknown): { message: Message; number: number } | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const said = json as Fields;
  const { kind, n } = said;
  if (typeof kind !== "string" || !Object.hasOwn(readers, kind) || !isNumber(n, Number.MAX_SAFE_INTEGER))
    return undefined;
  const message = readers[kind as Kind](said);
  return message && { message, number: n };
}
