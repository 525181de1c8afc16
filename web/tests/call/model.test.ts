// @vitest-environment jsdom
import { describe, expect, it } from "vitest";
import {
  classifyDecryption,
  encryptionOf,
  hasWrongKey,
  maySubscribe,
  type Person,
  retryPause,
  shieldOf,
} from "../../src/call/model";
import { person as standIn } from "./standIns";

const person = (given: Partial<Person>) => standIn({ identity: "a", name: "A", audio: undefined, ...given });
const self = person({ identity: "me", self: true });

describe("a publication", () => {
  it("is subscribed only when signalled as AES-GCM and of a kind that is decrypted", () => {
    const [NONE, GCM, CUSTOM] = [0, 1, 2];
    const signalled = (encryption: number, mimeType: string) => maySubscribe({ encryption, mimeType });
    expect(signalled(GCM, "video/VP8")).toBe(true);
    expect(signalled(GCM, "audio/opus")).toBe(true);
    expect([NONE, CUSTOM].some((encryption) => signalled(encryption, "video/vp8"))).toBe(false);
    // The library sets up no cryptor for these, and frames in clear would be played as they come.
    expect(["", "video/x", "video", "text/plain", "video/vp8;x"].some((type) => signalled(GCM, type))).toBe(false);
    expect(maySubscribe(undefined)).toBe(false);
  });

  const received = { age: 1000, packets: 50, decrypted: 50, width: 320, sinceError: Number.POSITIVE_INFINITY };

  it("is shown once it was decrypted and the cryptor has settled", () => {
    expect(classifyDecryption("video", received)).toBe("encrypted");
    expect(classifyDecryption("audio", received)).toBe("encrypted");
    expect(classifyDecryption("audio", { ...received, age: 300 })).toBe("checking");
    expect(classifyDecryption("audio", { ...received, sinceError: 100 })).toBe("checking");
  });

  it("is waited for as long as nothing arrives", () => {
    expect(classifyDecryption("audio", { ...received, packets: 0, decrypted: 0, age: 60_000 })).toBe("waiting");
  });

  it("is never shown when frames were decoded that were not decrypted", () => {
    expect(classifyDecryption("video", { ...received, decrypted: 0 })).toBe("checking");
    expect(classifyDecryption("audio", { ...received, decrypted: 0 })).toBe("checking");
  });

  it("has another key after packets without anything decrypted", () => {
    expect(classifyDecryption("video", { ...received, decrypted: 0, age: 4000 })).toBe("keyMismatch");
    expect(classifyDecryption("audio", { ...received, decrypted: 0, age: 4000 })).toBe("keyMismatch");
    expect(classifyDecryption("video", { ...received, decrypted: 0, age: 60_000, packets: 3 })).toBe("checking");
  });

  it("is not taken for one with another key because the browser is too busy to decode what it decrypted", () => {
    expect(classifyDecryption("audio", { ...received, packets: 500, decrypted: 5, age: 60_000 })).toBe("encrypted");
    expect(classifyDecryption("video", { ...received, packets: 500, width: 0, age: 60_000 })).toBe("checking");
  });

  it("is not taken for decrypted because the server put in a black frame", () => {
    expect(classifyDecryption("video", { ...received, width: 8, age: 60_000 })).toBe("checking");
  });

  it("is tried again with growing pauses, a minute at most", () => {
    expect([0, 1, 2, 3, 4, 9].map(retryPause)).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });
});

describe("the shield", () => {
  it("is whole only when everything of everyone is decrypted", () => {
    expect(shieldOf([self, person({ audio: "encrypted" })])).toBe("whole");
    expect(shieldOf([self, person({ audio: "encrypted" }), person({ audio: "checking" })])).toBe("checking");
    expect(shieldOf([self, person({ audio: "encrypted" }), person({ audio: "refused" })])).toBe("partly");
    expect(shieldOf([self, person({ audio: "encrypted" }), person({ audio: "keyMismatch" })])).toBe("partly");
    expect(shieldOf([self, person({ audio: "encrypted", screenAudio: "keyMismatch" })])).toBe("partly");
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
