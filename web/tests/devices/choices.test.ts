// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from "vitest";
import { deviceChoices, deviceProblemOf, openChosen, rememberChoices, rememberDevice } from "../../src/devices/choices";

beforeEach(() => localStorage.clear());

const failure = (name: string) => Object.assign(new Error(name), { name });

describe("a chosen device", () => {
  it("is opened and no other", async () => {
    await expect(openChosen("camera-2", async (deviceId) => deviceId)).resolves.toEqual({ exact: "camera-2" });
    await expect(openChosen(undefined, async (deviceId) => deviceId)).resolves.toBeUndefined();
  });

  it("gives way to the browser's choice when it is gone, not when it is blocked or in use", async () => {
    const without = (name: string) => async (deviceId: { exact: string } | undefined) => {
      if (deviceId) throw failure(name);
      return "another";
    };
    await expect(openChosen("gone", without("OverconstrainedError"))).resolves.toBe("another");
    await expect(openChosen("mine", without("NotAllowedError"))).rejects.toThrow("NotAllowedError");
    await expect(openChosen("mine", without("NotReadableError"))).rejects.toThrow("NotReadableError");
  });

  it("is remembered with what was switched on and under which name", () => {
    expect(deviceChoices()).toEqual({ microphoneOn: true, cameraOn: true, name: "" });
    rememberDevice("videoinput", "camera-2");
    rememberChoices({ microphoneOn: false, name: "Anna Muster" });
    expect(deviceChoices()).toEqual({
      videoinput: "camera-2",
      microphoneOn: false,
      cameraOn: true,
      name: "Anna Muster",
    });
  });

  it("is nothing that somebody else put into the storage", () => {
    for (const stored of ["no json", "null", "7", '{"videoinput":7,"microphoneOn":"yes","name":["x"]}']) {
      localStorage.setItem("conclave.devices", stored);
      expect(deviceChoices()).toEqual({ microphoneOn: true, cameraOn: true, name: "" });
    }
  });
});

describe("a device that cannot be opened", () => {
  it("is blocked, gone or in use, as the browser says", () => {
    expect(["NotAllowedError", "SecurityError"].map((name) => deviceProblemOf(failure(name)))).toEqual([
      "denied",
      "denied",
    ]);
    expect(["NotFoundError", "OverconstrainedError"].map((name) => deviceProblemOf(failure(name)))).toEqual([
      "missing",
      "missing",
    ]);
    expect(deviceProblemOf(failure("NotReadableError"))).toBe("busy");
  });
});
