import { describe, expect, it } from "vitest";
import { encryptionOf, judge, keyDoesNotFit, mayShow, type Person, shieldOf } from "../src/call/model";
import { neverDisable } from "../src/e2ee/failClosedWorker";

const person = (given: Partial<Person>): Person => ({
  identity: "a",
  name: "A",
  self: false,
  joinedAt: undefined,
  microphone: true,
  sound: undefined,
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
    expect(mayShow(GCM)).toBe(true);
    expect([NONE, CUSTOM, undefined].some(mayShow)).toBe(false);
  });

  const received = { age: 1000, packets: 50, decoded: 50, sinceError: Number.POSITIVE_INFINITY };

  it("is shown once it was decrypted and the cryptor has settled", () => {
    expect(judge("video", received)).toBe("encrypted");
    expect(judge("audio", received)).toBe("encrypted");
    expect(judge("audio", { ...received, age: 300 })).toBe("checking");
    expect(judge("audio", { ...received, sinceError: 100 })).toBe("checking");
  });

  it("is waited for as long as nothing arrives", () => {
    expect(judge("audio", { ...received, packets: 0, decoded: 0, age: 60_000 })).toBe("waiting");
  });

  it("is given up after packets without anything decoded", () => {
    expect(judge("video", { ...received, decoded: 0 })).toBe("checking");
    expect(judge("video", { ...received, decoded: 0, age: 4000 })).toBe("keyDiffers");
    expect(judge("video", { ...received, decoded: 0, age: 60_000, packets: 3 })).toBe("checking");
  });

  it("is not taken for decrypted because the server put in some silence", () => {
    expect(judge("audio", { ...received, decoded: 6 })).toBe("checking");
    expect(judge("audio", { ...received, decoded: 6, age: 4000 })).toBe("keyDiffers");
  });
});

describe("the shield", () => {
  it("is whole only when everything of everyone is decrypted", () => {
    expect(shieldOf([self, person({ sound: "encrypted" })])).toBe("whole");
    expect(shieldOf([self, person({ sound: "encrypted" }), person({ sound: "checking" })])).toBe("checking");
    expect(shieldOf([self, person({ sound: "encrypted" }), person({ sound: "refused" })])).toBe("partly");
    expect(shieldOf([self, person({ sound: "encrypted" }), person({ sound: "keyDiffers" })])).toBe("partly");
  });

  it("does not wait for a microphone that is off", () => {
    expect(shieldOf([self, person({ sound: "encrypted" }), person({ sound: "waiting" })])).toBe("whole");
    expect(keyDoesNotFit([self, person({ sound: "waiting" })])).toBe(false);
  });

  it("says nothing about others while nobody sends", () => {
    expect(shieldOf([self])).toBe("alone");
    expect(shieldOf([self, person({})])).toBe("alone");
  });

  it("names the worst state of a person", () => {
    const camera = { sid: "x", state: "refused", track: undefined } as const;
    expect(encryptionOf(person({ sound: "encrypted", camera }))).toBe("refused");
    expect(encryptionOf(person({}))).toBeUndefined();
  });
});

describe("the own key", () => {
  it("does not fit when something comes and nothing can be decrypted", () => {
    expect(keyDoesNotFit([self, person({ sound: "keyDiffers" }), person({ sound: "keyDiffers" })])).toBe(true);
  });

  it("is not blamed when one other person can be decrypted or is still being checked", () => {
    expect(keyDoesNotFit([self, person({ sound: "keyDiffers" }), person({ sound: "encrypted" })])).toBe(false);
    expect(keyDoesNotFit([self, person({ sound: "keyDiffers" }), person({ sound: "checking" })])).toBe(false);
    expect(keyDoesNotFit([self])).toBe(false);
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
