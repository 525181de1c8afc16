import {
  type RemoteTrackPublication,
  type RoomOptions,
  ScreenSharePresets,
  Track,
  VideoPreset,
  VideoPresets,
  VideoQuality,
} from "livekit-client";
import type { Cap } from "../api/portal";

/**
 * What a cap means, as the portal counts it (src/conclave/bandwidth.py): 360p sends and shows large pictures up to that,
 * 180p nothing larger, audio no pictures at all; none of them shares a screen.
 */

/**
 * Asks the browser to mark what it sends: AF41 for "high" pictures (RFC 8837), as the site marks them; sound is EF by
 * the library's own default. Chromium reads it of the first layer only, so every layer says the same.
 */
const marked = ({ width, height, encoding }: VideoPreset) =>
  new VideoPreset(width, height, encoding.maxBitrate, encoding.maxFramerate, "high");

/** The camera: what is captured and which layers are sent. */
export function camera(cap: Cap): Required<Pick<RoomOptions, "videoCaptureDefaults" | "publishDefaults">> {
  const screenShareEncoding = marked(ScreenSharePresets.h1080fps15).encoding;
  const sent = { videoCodec: "vp8", backupCodec: false, red: false, screenShareEncoding } as const;
  const [h180, h360, h540] = [marked(VideoPresets.h180), marked(VideoPresets.h360), marked(VideoPresets.h540)];
  if (cap === "full")
    return {
      videoCaptureDefaults: { resolution: h540.resolution },
      publishDefaults: { ...sent, simulcast: true, videoEncoding: h540.encoding, videoSimulcastLayers: [h180, h360] },
    };
  if (cap === "360p")
    return {
      videoCaptureDefaults: { resolution: h360.resolution },
      publishDefaults: { ...sent, simulcast: true, videoEncoding: h360.encoding, videoSimulcastLayers: [h180] },
    };
  return {
    videoCaptureDefaults: { resolution: h180.resolution },
    publishDefaults: { ...sent, simulcast: false, videoEncoding: h180.encoding },
  };
}

export const maySend = (cap: Cap) => ({ camera: cap !== "audio", screen: cap === "full" });

/** Tiles on one page: the portal counts with nine for people outside. */
export const MOST_TILES = 9;

interface Shown {
  kind: "camera" | "screen";
  large: boolean;
  /** Whether somebody shares a screen. */
  shared: boolean;
}

/** Which layer of somebody's picture is asked for; undefined: none. */
export function layer(cap: Cap, { kind, large, shared }: Shown): VideoQuality | undefined {
  switch (cap) {
    case "full":
      return VideoQuality.HIGH;
    case "360p":
      return kind === "camera" && large ? VideoQuality.MEDIUM : VideoQuality.LOW;
    case "180p":
      return kind === "camera" && shared ? undefined : VideoQuality.LOW;
    case "audio":
      return undefined;
  }
}

/**
 * Subscribes to the pictures that a cap leaves, in the layer it leaves; adaptive streaming may ask for less.
 *
 * @param publications what may be shown at all
 * @param large the one that is drawn large
 */
export function heed(cap: Cap, publications: readonly RemoteTrackPublication[], large: string | undefined): void {
  if (cap === "full") return;
  const isScreen = ({ source }: RemoteTrackPublication) => source === Track.Source.ScreenShare;
  const shared = publications.some(isScreen);
  for (const publication of publications) {
    if (publication.kind !== Track.Kind.Video) continue;
    const kind = isScreen(publication) ? "screen" : "camera";
    const quality = layer(cap, { kind, large: publication.trackSid === large, shared });
    const wanted = quality !== undefined;
    if (publication.isDesired !== wanted) publication.setSubscribed(wanted);
    if (wanted) publication.setVideoQuality(quality);
  }
}
