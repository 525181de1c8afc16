import { type FieldName, PortalError } from "../api/portal";
import type { DeviceFailure } from "../call/model";
import type { Catalogue } from "./en";

/** What to tell people about a request that failed. */
export function errorText({ errors, seconds, minutes }: Catalogue, error: unknown): string {
  if (!(error instanceof PortalError)) return errors.unexpected;
  // A portal newer than this page may have codes that the page does not know.
  const sentence = Object.hasOwn(errors, error.code) ? errors[error.code] : errors.unexpected;
  if (typeof sentence === "string") return sentence;
  const wait = error.retryAfter;
  return sentence(wait === undefined ? undefined : wait < 60 ? seconds(wait) : minutes(Math.ceil(wait / 60)));
}

/** What is wrong with one field, if the portal refused it. */
export function fieldText({ fieldErrors }: Catalogue, error: unknown, name: FieldName): string | undefined {
  const refused = error instanceof PortalError ? error.fields.find(({ field }) => field === name) : undefined;
  if (!refused) return undefined;
  const sentence = Object.hasOwn(fieldErrors, refused.code) ? fieldErrors[refused.code] : fieldErrors.malformed;
  return typeof sentence === "string" ? sentence : sentence(refused.limit?.toString() ?? "");
}

/** Which device could not be used in a call, and why. */
export function deviceFailureText({ devices }: Catalogue, { what, why }: DeviceFailure): string {
  if (what === "screen" || what === "speaker") return devices.failed;
  if (why === "missing") return what === "camera" ? devices.cameraNone : devices.microphoneNone;
  return `${devices[why][what]}. ${devices.hintInCall[why]}`;
}
