import { EventEmitter } from "node:events";
import type { Room } from "livekit-client";
import { vi } from "vitest";
import { MeetingData } from "../../../src/call/data/MeetingData";
import type { MeetingKey } from "../../../src/e2ee/meetingKey";

interface Packet {
  from: string;
  to: readonly string[];
  bytes: Uint8Array;
}

interface Member {
  data: MeetingData;
  room: EventEmitter & { localParticipant: EventEmitter; remoteParticipants: Map<string, object> };
}

/** An SFU that carries packets between members who share a key; `carried` is what it has seen. */
export class Meeting {
  readonly carried: Packet[] = [];
  readonly members = new Map<string, Member>();
  readonly #key: MeetingKey;

  constructor(key: MeetingKey) {
    this.#key = key;
  }

  /** @param data of a former connection */
  async join(identity: string, given: { role?: string; write?: boolean; key?: MeetingKey; data?: MeetingData } = {}) {
    const { role = "participant", write = true, key = this.#key, data = new MeetingData() } = given;
    const about = { identity, name: identity.slice(2), attributes: { role } };
    const localParticipant = Object.assign(new EventEmitter(), about, {
      permissions: { canPublishData: write },
      publishData: async (bytes: Uint8Array, { destinationIdentities }: { destinationIdentities?: string[] }) => {
        const others = [...this.members.keys()].filter((one) => one !== identity);
        const to = others.filter((one) => destinationIdentities?.includes(one) ?? true);
        this.carried.push({ from: identity, to, bytes });
        for (const one of to) this.deliver(identity, one, bytes);
      },
    });
    const others = [...this.members].map(
      ([one, { room }]) => [one, { ...room.localParticipant, identity: one }] as const,
    );
    const room = Object.assign(new EventEmitter(), {
      localParticipant,
      remoteParticipants: new Map<string, object>(others),
    });
    data.files.allowed = true;
    await data.attach(room as unknown as Room, key, () => undefined);
    for (const member of this.members.values()) {
      const seen = { ...about };
      member.room.remoteParticipants.set(identity, seen);
      member.room.emit("participantActive", seen);
    }
    this.members.set(identity, { data, room });
    room.emit("connected");
    return data;
  }

  leave(identity: string): void {
    const gone = this.members.get(identity);
    this.members.delete(identity);
    for (const { room } of this.members.values()) {
      room.remoteParticipants.delete(identity);
      room.emit("participantDisconnected", { identity });
    }
    gone?.data.detach();
    for (const who of gone?.room.remoteParticipants.values() ?? []) gone?.room.emit("participantDisconnected", who);
  }

  /** Hands somebody a packet as if it came from `from`. */
  deliver(from: string, to: string, bytes: Uint8Array, topic = "conclave"): void {
    const room = this.members.get(to)?.room;
    room?.emit("dataReceived", bytes, room.remoteParticipants.get(from), 0, topic, 0);
  }
}

/** Waits until what is expected has happened. */
export const soon = (check: () => void) => vi.waitFor(check, { timeout: 5000, interval: 5 });
