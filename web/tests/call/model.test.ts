// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import {
  classifyDecryption,
  encryptionOf,
  hasWrongKey,
  maySubscribe,
  type Person,
  shieldOf,
} from "../../src/call/model";
import { neverDisable } from "../../src/e2ee/failClosedWorker";

const person = (given: Partial<Person>): Person => ({
  identity: "a",
  name: "A",
  self: false,
  joinedAt: undefined,
  microphone: true,
  audio: undefined,
  camera: undefined,
  screen: undefined,
  speaking: false,
  quality: "good",
  ...given,
});
const self = person({ identity: "me", self: true });

describe("a publication", () => {
  it("is subscribed only when signalled as AES-GCM", () => {
    const NONE = 0;
    const GCM = 1;
    const CUSTOM = 2;
    expect(maySubscribe(GCM)).toBe(true);
    expect([NONE, CUSTOM, undefined].some(maySubscribe)).toBe(false);
  });

  const received = { age: 1000, packets: 50, decoded: 50, sinceError: Number.POSITIVE_INFINITY };

  it("is shown once it was decrypted and the cryptor has settled", () => {
    expect(classifyDecryption("video", received)).toBe("encrypted");
    expect(classifyDecryption("audio", received)).toBe("encrypted");
    expect(classifyDecryption("audio", { ...received, age: 300 })).toBe("checking");
    expect(classifyDecryption("audio", { ...received, sinceError: 100 })).toBe("checking");
  });

  it("is waited for as long as nothing arrives", () => {
    expect(classifyDecryption("audio", { ...received, packets: 0, decoded: 0, age: 60_000 })).toBe("waiting");
  });

  it("is given up after packets without anything decoded", () => {
    expect(classifyDecryption("video", { ...received, decoded: 0 })).toBe("checking");
    expect(classifyDecryption("video", { ...received, decoded: 0, age: 4000 })).toBe("keyMismatch");
    expect(classifyDecryption("video", { ...received, decoded: 0, age: 60_000, packets: 3 })).toBe("checking");
  });

  it("is not taken for decrypted because the server put in some silence", () => {
    expect(classifyDecryption("audio", { ...received, decoded: 6 })).toBe("checking");
    expect(classifyDecryption("audio", { ...received, decoded: 6, age: 4000 })).toBe("keyMismatch");
  });
});

describe("the shield", () => {
  it("is whole only when everything of everyone is decrypted", () => {
    expect(shieldOf([self, person({ audio: "encrypted" })])).toBe("whole");
    expect(shieldOf([self, person({ audio: "encrypted" }), person({ audio: "checking" })])).toBe("checking");
    expect(shieldOf([self, person({ audio: "encrypted" }), person({ audio: "refused" })])).toBe("partly");
    expect(shieldOf([self, person({ audio: "encrypted" }), person({ audio: "keyMismatch" })])).toBe("partly");
  });

  it("does not wait for a microphone that is off", () => {
    expect(shieldOf([self, person({ audio: "encrypted" }), person({ audio: "waiting" })])).toBe("whole");
    expect(hasWrongKey([self, person({ audio: "waiting" })])).toBe(false);
  });

  it("says nothing about others while nobody sends", () => {
    expect(shieldOf([self])).toBe("alone");
    expect(shieldOf([self, person({})])).toBe("alone");
  });

  it("names the worst state of a person", () => {
    const camera = { sid: "x", state: "refused", track: undefined } as const;
    expect(encryptionOf(person({ audio: "encrypted", camera }))).toBe("refused");
    expect(encryptionOf(person({}))).toBeUndefined();
  });
});

describe("the own key", () => {
  it("does not fit when something comes and nothing can be decrypted", () => {
    expect(hasWrongKey([self, person({ audio: "keyMismatch" }), person({ audio: "keyMismatch" })])).toBe(true);
  });

  it("is not blamed when one other person can be decrypted or is still being checked", () => {
    expect(hasWrongKey([self, person({ audio: "keyMismatch" }), person({ audio: "encrypted" })])).toBe(false);
    expect(hasWrongKey([self, person({ audio: "keyMismatch" }), person({ audio: "checking" })])).toBe(false);
    expect(hasWrongKey([self])).toBe(false);
  });
});

describe("the cryptor", () => {
  it("cannot be told to let a participant's frames through undecrypted", () => {
    const message = { kind: "enable", data: { enabled: false, participantIdentity: "a" } };
    expect(neverDisable(message)).toEqual({ kind: "enable", data: { enabled: true, participantIdentity: "a" } });
  });

  it("gets every other message as it is", () => {
    const message = { kind: "setKey", data: { keyIndex: 0 } };
    expect(neverDisable(message)).toBe(message);
    expect(neverDisable(null)).toBeNull();
  });
});
