import type { Role } from "../../api/portal";
import type { Message } from "./message";

/** Who sent a message: the SFU's word for who it was, and the portal's for what he is called and may do. */
export interface Sender {
  identity: string;
  name: string;
  role: Role;
  self: boolean;
}

/** What features send with, and whom they tell that something is to be shown. */
export interface Wire {
  /**
   * @param to identities; everybody without them
   * @throws Error when it cannot be sent now
   */
  send: (message: Message, to?: readonly string[], bytes?: Uint8Array) => Promise<void>;
  me: () => Sender;
  isPresent: (identity: string) => boolean;
  /** Whether the SFU takes messages from this participant. */
  mayWrite: () => boolean;
  changed: () => void;
}

/** One subject of messages. */
export interface Feature {
  receive: (message: Message, from: Sender, bytes: Uint8Array<ArrayBuffer>) => void;
  /** Somebody has come who knows nothing of what was said before. */
  joined?: (identity: string) => void;
  left?: (identity: string) => void;
  /** The connection is there, for the first time or again. */
  connected?: () => void;
  /** The participation is over, perhaps to be followed by another one. */
  disconnected?: () => void;
}
