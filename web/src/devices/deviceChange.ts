/** What came of plugging something in or out. */
export interface DeviceChange {
  /** Devices that are gone although they were in use, with what takes their place. */
  lost: { kind: MediaDeviceKind; label: string; next: MediaDeviceInfo | undefined }[];
  /** Devices that are new and could be used, one per kind. */
  found: MediaDeviceInfo[];
}

/** Chromium lists these two beside the devices that they stand for. */
const STANDS_FOR_ANOTHER = ["default", "communications"];

/**
 * Compares two lists of devices.
 *
 * @param active the device in use of each kind
 */
export function deviceChange(
  before: readonly MediaDeviceInfo[],
  after: readonly MediaDeviceInfo[],
  active: (kind: MediaDeviceKind) => string | undefined,
): DeviceChange {
  const real = (list: readonly MediaDeviceInfo[]) =>
    list.filter(({ deviceId }) => deviceId !== "" && !STANDS_FOR_ANOTHER.includes(deviceId));
  const is = (one: MediaDeviceInfo) => (other: MediaDeviceInfo) =>
    one.kind === other.kind && one.deviceId === other.deviceId;
  const gone = real(before).filter((device) => !after.some(is(device)));
  // Chromium calls the default one "Default - Headset".
  const wasDefault = ({ kind, label }: MediaDeviceInfo) =>
    active(kind) === "default" &&
    label !== "" &&
    before.some((one) => one.kind === kind && one.deviceId === "default" && one.label.endsWith(label));
  const come = real(after).filter((device) => !before.some(is(device)));
  return {
    lost: gone
      .filter((device) => active(device.kind) === device.deviceId || wasDefault(device))
      .map(({ kind, label }) => ({
        kind,
        label,
        next:
          after.find((device) => device.kind === kind && device.deviceId === "default") ??
          real(after).find((device) => device.kind === kind),
      })),
    found: come.filter(({ kind }, n) => come.findIndex((other) => other.kind === kind) === n),
  };
}
