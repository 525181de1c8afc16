/** Which device somebody chose, what was switched on and under which name, kept in this browser for the next meeting. */
export interface DeviceChoices {
  audioinput?: string;
  videoinput?: string;
  audiooutput?: string;
  microphoneOn: boolean;
  cameraOn: boolean;
  name: string;
}

const STORED = "conclave.devices";
const DEFAULTS: DeviceChoices = { microphoneOn: true, cameraOn: true, name: "" };

/** What is stored; anything else than expected there is left out. */
export function deviceChoices(): DeviceChoices {
  let stored: unknown;
  try {
    stored = JSON.parse(localStorage.getItem(STORED) ?? "{}");
  } catch {
    stored = {};
  }
  const found = (typeof stored === "object" && stored !== null ? stored : {}) as Record<string, unknown>;
  const text = (name: string) => (typeof found[name] === "string" && found[name] !== "" ? { [name]: found[name] } : {});
  const flag = (name: string) => (typeof found[name] === "boolean" ? { [name]: found[name] } : {});
  return {
    ...DEFAULTS,
    ...text("audioinput"),
    ...text("videoinput"),
    ...text("audiooutput"),
    ...text("name"),
    ...flag("microphoneOn"),
    ...flag("cameraOn"),
  };
}

export function rememberChoices(changed: Partial<DeviceChoices>): void {
  localStorage.setItem(STORED, JSON.stringify({ ...deviceChoices(), ...changed }));
}

export const rememberDevice = (kind: MediaDeviceKind, id: string): void => rememberChoices({ [kind]: id });

export type DeviceProblem = "none" | "denied" | "busy" | "missing";

/** Why a device could not be opened, from the browser's error. */
export function deviceProblemOf(error: unknown): Exclude<DeviceProblem, "none"> {
  const name = error instanceof Error ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "missing";
  return "busy";
}

/**
 * Opens the device that was chosen, and that one only: a mere wish is met with any other. One that is gone since the last
 * meeting gives way to the browser's own choice.
 */
export async function openChosen<T>(
  id: string | undefined,
  open: (deviceId: { exact: string } | undefined) => Promise<T>,
): Promise<T> {
  if (id === undefined) return open(undefined);
  try {
    return await open({ exact: id });
  } catch (error) {
    if (deviceProblemOf(error) !== "missing") throw error;
    return open(undefined);
  }
}
