import { BaseKeyProvider, createKeyMaterialFromBuffer } from "livekit-client";
import { keyBytes, type MeetingKey } from "./meetingKey";

/** One key for everyone in the meeting; HKDF, ring of 16, never ratcheted: what every Conclave member uses. */
export class SharedKeyProvider extends BaseKeyProvider {
  constructor() {
    super({ sharedKey: true, ratchetWindowSize: 0, failureTolerance: -1, keyringSize: 16 });
  }

  async use(key: MeetingKey): Promise<void> {
    this.onSetEncryptionKey(await createKeyMaterialFromBuffer(keyBytes(key)), undefined, 0);
  }
}
