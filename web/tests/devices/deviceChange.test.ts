import { describe, expect, it } from "vitest";
import { deviceChange } from "../../src/devices/deviceChange";

const device = (kind: MediaDeviceKind, deviceId: string, label = deviceId): MediaDeviceInfo => ({
  kind,
  deviceId,
  label,
  groupId: "",
  toJSON: () => ({}),
});
const builtIn = [device("audioinput", "built-in"), device("audiooutput", "speakers"), device("videoinput", "camera")];
const headset = [device("audioinput", "head", "Headset"), device("audiooutput", "head", "Headset")];
const inUse = (id: string) => () => id;

describe("a device that comes or goes", () => {
  it("is replaced when it was in use, by the system's default where the browser names one", () => {
    const { lost, found } = deviceChange([...headset, ...builtIn], builtIn, inUse("head"));
    expect(lost.map(({ kind, label, next }) => [kind, label, next?.deviceId])).toEqual([
      ["audioinput", "Headset", "built-in"],
      ["audiooutput", "Headset", "speakers"],
    ]);
    expect(found).toEqual([]);
    const named = [device("audioinput", "default"), ...builtIn];
    expect(deviceChange([...headset, ...named], named, inUse("head")).lost[0]?.next?.deviceId).toBe("default");
  });

  it("is replaced when it was in use as the system's default", () => {
    const standing = (label: string) => device("audioinput", "default", `Default - ${label}`);
    const { lost } = deviceChange(
      [standing("Headset"), ...headset, ...builtIn],
      [standing("built-in"), ...builtIn],
      inUse("default"),
    );
    expect(lost.map(({ kind, next }) => [kind, next?.label])).toEqual([["audioinput", "Default - built-in"]]);
  });

  it("goes unmentioned when another one was in use", () => {
    expect(deviceChange([...headset, ...builtIn], builtIn, inUse("built-in")).lost).toEqual([]);
  });

  it("is named as gone when nothing can take its place", () => {
    expect(deviceChange(headset, [], inUse("head")).lost.map(({ next }) => next)).toEqual([undefined, undefined]);
  });

  it("is offered once per kind, and the names that stand for another device are not", () => {
    const after = [device("audioinput", "default"), ...builtIn, ...headset, device("audioinput", "second")];
    expect(deviceChange(builtIn, after, inUse("built-in")).found.map(({ kind, deviceId }) => [kind, deviceId])).toEqual(
      [
        ["audioinput", "head"],
        ["audiooutput", "head"],
      ],
    );
  });
});
