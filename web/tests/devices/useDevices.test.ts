// @vitest-environment jsdom
import { act, cleanup, renderHook } from "@testing-library/react";
import { createLocalAudioTrack, createLocalVideoTrack, type LocalTrack } from "livekit-client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useDevices } from "../../src/devices/useDevices";

vi.mock("livekit-client", async (original) => ({
  ...(await original<typeof import("livekit-client")>()),
  createLocalAudioTrack: vi.fn(),
  createLocalVideoTrack: vi.fn(),
}));

const device = (name: string) => ({
  name,
  mediaStreamTrack: { readyState: "live" },
  stop: vi.fn(),
  mute: vi.fn(async () => {}),
});

let opened: ReturnType<typeof device>[];
const open = (kind: string) => async () => {
  const one = device(`${kind} ${opened.length}`);
  opened.push(one);
  return one as unknown as LocalTrack;
};
const audio = vi.mocked(createLocalAudioTrack);
const enumerateDevices = vi.fn(async () => [] as MediaDeviceInfo[]);
const media = Object.assign(new EventTarget(), { enumerateDevices });
const change = () => act(async () => void media.dispatchEvent(new Event("devicechange")));

async function prejoin() {
  const { result } = renderHook(() => useDevices());
  await act(async () => {});
  return result;
}

beforeEach(() => {
  opened = [];
  localStorage.clear();
  enumerateDevices.mockClear();
  audio.mockReset().mockImplementation(open("microphone") as never);
  vi.mocked(createLocalVideoTrack)
    .mockReset()
    .mockImplementation(open("camera") as never);
  Object.defineProperty(navigator, "mediaDevices", { value: media, configurable: true });
});
afterEach(() => {
  cleanup();
  Reflect.deleteProperty(navigator, "mediaDevices");
});

describe("a headset", () => {
  it("that is pulled out gives way to the browser's next microphone", async () => {
    const devices = await prejoin();
    const microphones = () => opened.filter(({ name }) => name.startsWith("microphone"));
    const [first] = microphones();
    expect(devices.current).toMatchObject({ asking: false, microphone: first });
    if (first) first.mediaStreamTrack.readyState = "ended";
    await change();
    expect(audio).toHaveBeenCalledTimes(2);
    expect(first?.stop).toHaveBeenCalled();
    expect(devices.current.microphone).toBe(microphones()[1]);
  });

  it("that is plugged in is listed, and what is open stays open", async () => {
    const devices = await prejoin();
    const first = devices.current.microphone;
    enumerateDevices.mockResolvedValueOnce([{ deviceId: "headset" } as MediaDeviceInfo]);
    await change();
    expect(devices.current.list.map(({ deviceId }) => deviceId)).toEqual(["headset"]);
    expect(devices.current.microphone).toBe(first);
    expect(audio).toHaveBeenCalledTimes(1);
  });
});
