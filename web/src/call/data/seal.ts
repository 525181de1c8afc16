import { keyBytes, type MeetingKey } from "../../e2ee/meetingKey";

/**
 * Messages sealed under a key of their own, from the meeting's (docs/decisions/messages-carry-their-own-seal.md).
 *
 * The library encrypts data packets too, but does not tell its receiver whether one was encrypted, and binds nothing to its
 * sender. Here the sender's identity is authenticated with the message: the SFU can neither make one nor give it to another.
 */

const VERSION = 1;
const IV_BYTES = 12;
const LABEL = "conclave data 1";
/** The SFU carries no more in one packet. */
export const MAX_PACKET_BYTES = 15_000;
/** Version, IV, AES-GCM's tag and the length of the text. */
const OVERHEAD_BYTES = 1 + IV_BYTES + 16 + 4;
/** What text and bytes of one message may come to together. */
export const MAX_BODY_BYTES = MAX_PACKET_BYTES - OVERHEAD_BYTES;

export interface Opened {
  json: unknown;
  bytes: Uint8Array<ArrayBuffer>;
}

const encode = (text: string) => new TextEncoder().encode(text);

export class Seal {
  readonly #key: CryptoKey;

  private constructor(key: CryptoKey) {
    this.#key = key;
  }

  static async of(key: MeetingKey): Promise<Seal> {
    const material = await crypto.subtle.importKey("raw", keyBytes(key), "HKDF", false, ["deriveKey"]);
    const derivation = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(32), info: encode(LABEL) };
    const use = { name: "AES-GCM", length: 256 };
    return new Seal(await crypto.subtle.deriveKey(derivation, material, use, false, ["encrypt", "decrypt"]));
  }

  /**
   * @param from identity under which the SFU knows the sender
   * @throws RangeError when it would not fit into one packet
   */
  async seal(from: string, json: unknown, bytes: Uint8Array = new Uint8Array()): Promise<Uint8Array<ArrayBuffer>> {
    const text = encode(JSON.stringify(json));
    const plain = new Uint8Array(4 + text.length + bytes.length);
    if (plain.length - 4 > MAX_BODY_BYTES) throw new RangeError("a message larger than a packet");
    new DataView(plain.buffer).setUint32(0, text.length);
    plain.set(text, 4);
    plain.set(bytes, 4 + text.length);
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    const sealed = new Uint8Array(await crypto.subtle.encrypt(this.#how(iv, from), this.#key, plain));
    const packet = new Uint8Array(1 + IV_BYTES + sealed.length);
    packet[0] = VERSION;
    packet.set(iv, 1);
    packet.set(sealed, 1 + IV_BYTES);
    return packet;
  }

  /** @returns undefined for what was not sealed with this meeting's key by `from`, or is of another version */
  async open(from: string, packet: Uint8Array): Promise<Opened | undefined> {
    if (packet[0] !== VERSION || packet.length > MAX_PACKET_BYTES) return undefined;
    const iv = packet.slice(1, 1 + IV_BYTES);
    try {
      const sealed = packet.slice(1 + IV_BYTES);
      const plain = new Uint8Array(await crypto.subtle.decrypt(this.#how(iv, from), this.#key, sealed));
      const length = new DataView(plain.buffer).getUint32(0);
      const text = new TextDecoder("utf-8", { fatal: true }).decode(plain.subarray(4, 4 + length));
      return { json: JSON.parse(text), bytes: plain.slice(4 + length) };
    } catch {
      return undefined;
    }
  }

  readonly #how = (iv: Uint8Array<ArrayBuffer>, from: string): AesGcmParams => ({
    name: "AES-GCM",
    iv,
    additionalData: encode(`${LABEL} ${from}`),
  });
}
