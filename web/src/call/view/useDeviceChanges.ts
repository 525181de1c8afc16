import { useCallback, useEffect, useRef, useState } from "react";
import { type DeviceChange, deviceChange } from "../../devices/deviceChange";

export interface DeviceNews {
  /** What was taken away, and what is used instead. */
  lost: DeviceChange["lost"];
  /** What was plugged in and is not in use. */
  found: MediaDeviceInfo[];
  use: () => void;
  dismiss: () => void;
}

const NOTHING: DeviceChange = { lost: [], found: [] };

/**
 * Follows what is plugged in and out. What is gone is replaced at once; what came is offered, not taken.
 *
 * @param active the device in use of each kind
 * @param fallBack takes a device without remembering it as a choice
 * @param choose takes a device and remembers it
 */
export function useDeviceChanges(
  active: (kind: MediaDeviceKind) => string | undefined,
  fallBack: (kind: MediaDeviceKind, id: string) => Promise<void>,
  choose: (kind: MediaDeviceKind, id: string) => Promise<void>,
): DeviceNews {
  const [news, setNews] = useState(NOTHING);
  const known = useRef<readonly MediaDeviceInfo[] | undefined>(undefined);
  useEffect(() => {
    const { mediaDevices } = navigator;
    if (!mediaDevices) return;
    let over = false;
    const read = async () => {
      const before = known.current;
      const after = await mediaDevices.enumerateDevices();
      known.current = after;
      // Until the first permission browsers name no device: what is named from then on was there before.
      if (over || !before?.some(({ deviceId }) => deviceId !== "")) return;
      const change = deviceChange(before, after, active);
      if (change.lost.length === 0 && change.found.length === 0) {
        setNews(({ lost, found }) => ({
          lost,
          found: found.filter((one) => after.some((is) => is.deviceId === one.deviceId)),
        }));
        return;
      }
      setNews(change);
      for (const { kind, next } of change.lost) if (next) await fallBack(kind, next.deviceId);
    };
    const changed = () => void read();
    changed();
    mediaDevices.addEventListener("devicechange", changed);
    return () => {
      over = true;
      mediaDevices.removeEventListener("devicechange", changed);
    };
  }, [active, fallBack]);
  const dismiss = useCallback(() => setNews(NOTHING), []);
  const use = () => {
    for (const { kind, deviceId } of news.found) void choose(kind, deviceId);
    dismiss();
  };
  return { ...news, use, dismiss };
}
