import { DefaultReconnectPolicy } from "livekit-client";

/**
 * Pauses before each attempt to get the signalling back, in ms; the library varies each by half of it. An SFU that ended
 * is back after one to three seconds, and the library's own pauses (1.2, 2.7, 4.8 s) lose as much again; a host that
 * reboots takes up to a minute.
 */
const PAUSES_MS = [0, 300, ...Array<number>(8).fill(600), 1000, 1500, 2500, 4000, ...Array<number>(9).fill(7000)];

export const RETRIES = new DefaultReconnectPolicy(PAUSES_MS);
